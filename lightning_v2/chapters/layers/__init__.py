"""Of notebook 05: layers under several plans."""
