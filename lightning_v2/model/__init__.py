"""The voice: plain PyTorch."""
