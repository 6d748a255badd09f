"""A natural voice from a teacher whose inner values are known: corpus, losses, stages."""
