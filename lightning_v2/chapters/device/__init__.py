"""Of notebook 08: operations, memory and programs of a deployment."""
