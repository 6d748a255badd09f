"""The command `lightning-v2`, a file a verb."""
