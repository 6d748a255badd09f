"""What is written and not spelled out: numbers, dates, units, addresses and their kin."""
