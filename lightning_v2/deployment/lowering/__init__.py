"""The voice as a sequence of device operations, written once."""
