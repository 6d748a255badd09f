"""The player that switches between versions at the same sample."""
