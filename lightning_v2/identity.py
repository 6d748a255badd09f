"""What a value depends on besides its arguments, as digests: code, packages and files.

Whoever keeps values and hands them out again (`cached`, sweeps, packed weights) puts `code_digest`
into their keys: what other code has computed then has another key and is never taken for an own.

What runs is what was loaded, and a file may be edited since. Where that cannot be told, the digest
is one that no other process has: what is kept under it is found by nobody else.
"""

import hashlib
import inspect
import os
import platform
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from types import CodeType

from lightning_v2 import sources

_ALONE = os.urandom(16).hex()


def code_digest() -> str:
    """SHA-256 of the sources of this library and of the packages below it.

    One of this process alone if a source has changed since the library was imported.
    """
    with suppress(OSError):  # one of them may be gone
        digest = _digest_of_code()
        if sources.unchanged():
            return digest
    return hashlib.sha256(f"{_ALONE} {os.getpid()}".encode()).hexdigest()


def code_label() -> str:
    """Version of the library and start of `code_digest`, for people."""
    return f"{metadata.version('lightning-v2')} {code_digest()[:12]}"


def packages() -> list[tuple[str, str]]:
    """Name and version of everything that this library requires, directly or not.

    Which of them can change a value cannot be told from outside: all count.
    """
    versions: dict[str, str] = {}
    waiting, seen = ["lightning-v2"], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        with suppress(metadata.PackageNotFoundError):
            told = metadata.metadata(name)  # read once: each attribute of a distribution reads it
            versions[name] = told["Version"]
            asked = [line for line in told.get_all("Requires-Dist", ()) if "extra ==" not in line]
            waiting += [_plain(re.match(r"[\w.-]+", line)[0]) for line in asked]
    return sorted(versions.items())


@lru_cache(maxsize=128)
def function_digest(function: Callable) -> str:
    """SHA-256 of the file that defines a function; "" for one that is built in.

    One that no other function has if the file was written after this process began, or a hundredth
    of a second before: what was loaded may be older. A function without a file, from a cell of a
    notebook, counts by its own code.

    For functions from outside this library: what they import from elsewhere does not count.
    """
    path = _source(function)
    if path is not None and os.stat(path).st_ctime >= sources.STARTED:
        return hashlib.sha256(os.urandom(16)).hexdigest()
    return source_digest(function)


def source_digest(function: Callable) -> str:
    """The same of the file as it is at this moment, whatever was loaded: the same in every process
    that finds the same file."""
    path = _source(function)
    if path is not None:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    told = _told(code), function.__defaults__, function.__kwdefaults__
    return hashlib.sha256(repr(told).encode()).hexdigest()


def files_digest(root: Path) -> str:
    """SHA-256 of a file, or of all files below a folder and their names."""
    total = hashlib.sha256()
    paths = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    for path in paths:
        if "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(root)}\n".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@cache
def _digest_of_code() -> str:
    total = hashlib.sha256()
    for path in sources.paths():
        total.update(f"{os.path.relpath(path, sources.PACKAGE)}\n".encode())
        total.update(Path(path).read_bytes())
    total.update(repr([platform.python_version(), packages()]).encode())
    return total.hexdigest()


def _source(function: Callable) -> str | None:
    """The file that defines a function, if there is one."""
    try:
        path = inspect.getsourcefile(function)
    except TypeError:  # built in
        return None
    return path if path is not None and os.path.exists(path) else None


def _told(constant: object) -> object:
    """What a function does, wherever it stands, or a constant of it; the same in every process."""
    if isinstance(constant, frozenset):
        return sorted(map(repr, constant))
    if not isinstance(constant, CodeType):
        return constant
    names = constant.co_names, constant.co_varnames, constant.co_freevars
    steps = constant.co_code, constant.co_exceptiontable, constant.co_flags
    return names, steps, [_told(inner) for inner in constant.co_consts]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
