"""Cards, prices and electricity: what a number of streams costs."""
