"""The explorer of precision."""
