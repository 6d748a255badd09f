"""Of notebook 07: a stored search, claims, a small search, its verdict."""
