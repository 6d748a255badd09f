"""The natural voice as a sequence of device operations."""
