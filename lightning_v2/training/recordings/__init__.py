"""A natural voice brought nearer to recordings: takes, losses, stages."""
