"""Comparing what a plan says with what the reference says: by ear, by number and layer by layer."""
