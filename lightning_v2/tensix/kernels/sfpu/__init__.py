"""Loops of the vector engine."""
