"""Loops of the matrix engine and the packer."""
