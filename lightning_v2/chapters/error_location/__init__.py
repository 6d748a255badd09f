"""Of notebook 03: where in time and frequency an error sits."""
