"""Front ends of voices that many people have: one file a kind."""
