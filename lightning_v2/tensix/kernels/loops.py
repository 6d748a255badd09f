"""The way to the compiled loops: numba takes half a second to import, so only who runs one pays."""

import functools
import importlib
from types import ModuleType


@functools.cache
def loops(name: str) -> ModuleType:
    """The module `name` of `lightning_v2.tensix.kernels`, imported on first use."""
    return importlib.import_module(f"lightning_v2.tensix.kernels.{name}")
