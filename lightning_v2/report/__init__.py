"""Runs the notebooks and writes the site that opens offline."""
