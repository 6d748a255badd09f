"""Time of one program, a file a resource that it may wait for."""
