"""How the voice was trained: corpus, losses, training, evaluation."""
