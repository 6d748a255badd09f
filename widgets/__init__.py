"""The interactive parts of the notebooks; each also works in a page without a kernel."""

import importlib
from typing import TYPE_CHECKING

from widgets.player.ab_player import ABPlayer, Clip

if TYPE_CHECKING:
    from widgets.abx.abx_test import ABXTest
    from widgets.explorer.explorer import PrecisionExplorer

_HOME = {"ABXTest": ".abx.abx_test", "PrecisionExplorer": ".explorer.explorer"}

__all__ = ["ABPlayer", "ABXTest", "Clip", "PrecisionExplorer"]


def __getattr__(name: str):
    """Import on first use: who wants a player need not wait for torch and scipy."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
