"""The tile, in which Tensix cores store and compute."""

TILE = 32
"""Rows and columns."""
