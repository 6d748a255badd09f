"""Of notebook 07: claims, a small search, its verdict."""
