"""Of notebook 06: every measure against known changes."""
