"""Of notebook 00: what may be shipped, what it gains, how low each part may go."""
