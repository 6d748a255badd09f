"""Of notebook 02: formats, dot products, sums."""
