"""A voice fitted to a plan, without recordings: its own float32 speech is the teacher."""
