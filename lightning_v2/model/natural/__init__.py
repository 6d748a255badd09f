"""A natural voice: a harmonic, a noise and a free branch, in plain PyTorch."""
