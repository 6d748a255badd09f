"""Of notebooks 09 and 12: voices of others, what to complain of, and which part it is."""
