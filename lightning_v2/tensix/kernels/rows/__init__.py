"""Loops over rows: norms, softmax, attention, elementwise operations and packing."""
