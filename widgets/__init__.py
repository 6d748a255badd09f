"""The interactive parts of the notebooks; each also works in a page without a kernel."""

from .ab_player import ABPlayer, Clip

__all__ = ["ABPlayer", "Clip"]
