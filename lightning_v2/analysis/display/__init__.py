"""Figures, tables and the words beside them."""
