"""Of notebook 04: phase drift."""
