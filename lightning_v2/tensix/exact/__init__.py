"""The exact tier: the bits of the chip."""
