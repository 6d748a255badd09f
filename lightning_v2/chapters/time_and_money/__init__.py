"""Of notebook 10: where the time of a sentence goes, and what streams cost."""
