"""How a voice is trained: from a teacher, or on recordings."""
