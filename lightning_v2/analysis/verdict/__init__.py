"""The equivalence test and its controls."""
