"""Fits the weights of a voice to a plan, without recordings: its own float32 speech is the teacher."""
