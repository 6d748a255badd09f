"""Python of the user's own, for other processes: files that are run, and objects that are kept.

Both run code, as any program of the user's does: neither is for files of strangers.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import cloudpickle

from lightning_v2.errors import ArgumentError, LightningError, MissingFileError
from lightning_v2.files import user_cache, written_whole

KEPT = ".kept"
"""Suffix of a file of `keep`."""

_PREFIX = "own_code_"


def keep(thing: object, name: str) -> Path:
    """A file that holds an object for all processes of this machine, among the user's caches.

    Args:
        thing: anything that can be pickled, and functions and classes of notebooks.
        name: of the file; two objects with one name are taken for the same.

    Raises:
        ArgumentError: it cannot be pickled.
    """
    path = user_cache() / "own" / f"{name}{KEPT}"
    if path.exists():
        return path
    for module in [m for n, m in sys.modules.items() if n.startswith(_PREFIX)]:
        cloudpickle.register_pickle_by_value(module)  # no other process finds it by its name
    with _told(f"{name} cannot be handed to other processes"):
        content = cloudpickle.dumps(thing)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_bytes(content)
    return path


def kept(path: Path) -> object:
    """What `keep` has put there.

    Raises:
        MissingFileError: there is no such file. ArgumentError: it cannot be read here.
    """
    content = _content(path)
    with _told(f"{path} cannot be read"):
        return cloudpickle.loads(content)


def made_by(path: Path, function: str) -> object:
    """What a function of a .py file is; the file is run, and finds modules beside it.

    Raises:
        MissingFileError: there is no such file. ArgumentError: it fails, or has no such function.
    """
    content = _content(path)
    module = ModuleType(f"{_PREFIX}{path.stem}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # classes look up there where they come from
    with _told(f"{path} fails"), _found_beside(path):
        exec(compile(content, module.__file__, "exec"), vars(module))
    found = vars(module).get(function)
    if not callable(found):
        raise ArgumentError(f"{path} has no function {function!r}")
    return found


def called(path: Path, function: str) -> object:
    """What a function without arguments of a .py file returns.

    Raises:
        MissingFileError, ArgumentError: see `made_by`; or the function fails.
    """
    found = made_by(path, function)
    with _told(f"{function}() of {path} fails"), _found_beside(path):
        return found()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(f"there is no file {path}") from error


@contextmanager
def _found_beside(path: Path) -> Iterator[None]:
    """Context in which Python finds modules beside a file."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Whatever code of the user's raises, as an error that says where; ours as they are."""
    try:
        yield
    except LightningError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno}"
        raise ArgumentError(f"{what}: {type(error).__name__}: {error} ({where})") from error
