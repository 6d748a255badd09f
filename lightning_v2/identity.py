"""What a value depends on besides its arguments, as digests: code, packages and files.

Whoever keeps values and hands them out again (`cached`, sweeps, packed weights) puts `code_digest`
into their keys: what other code has computed then has another key and is never taken for an own.
"""

import hashlib
import inspect
import platform
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).parent

WITHOUT_INFLUENCE = (
    "*__pycache__*",
    "cli/*",
    "data/*",
    "deployment/doctor.py",
    "report/*",
    "training/*",
)
"""Files of the package that cannot change a value: commands, pages, and data, which counts where it
is an argument. All others count, so that a new file is never forgotten."""


@cache
def code_digest() -> str:
    """SHA-256 of the sources of this library and of the packages below it, read once."""
    total = hashlib.sha256()
    for path in sources():
        total.update(f"{path.relative_to(_PACKAGE)}\n".encode() + path.read_bytes())
    total.update(repr([platform.python_version(), packages()]).encode())
    return total.hexdigest()


def code_label() -> str:
    """Version of the library and start of `code_digest`, for people."""
    return f"{metadata.version('lightning-v2')} {code_digest()[:12]}"


def sources() -> list[Path]:
    """The files of this library that can change a value."""
    return sorted(
        path
        for path in _PACKAGE.rglob("*")
        if path.is_file()
        and not any(fnmatchcase(str(path.relative_to(_PACKAGE)), p) for p in WITHOUT_INFLUENCE)
    )


def packages() -> list[tuple[str, str]]:
    """Name and version of everything that this library requires, directly or not.

    Which of them can change a value cannot be told from outside: all count.
    """
    installed = {_plain(found.name): found for found in metadata.distributions()}
    versions: dict[str, str] = {}
    waiting = ["lightning-v2"]
    while waiting:
        name = waiting.pop()
        if name in installed and name not in versions:
            versions[name] = installed[name].version
            asked = [line for line in installed[name].requires or () if "extra ==" not in line]
            waiting += [_plain(re.match(r"[\w.-]+", line)[0]) for line in asked]
    return sorted(versions.items())


@cache
def function_digest(function: Callable) -> str:
    """SHA-256 of the file that defines a function; "" where there is none, as for built-in ones.

    For functions from outside this library: what they import from elsewhere does not count.
    """
    try:
        return hashlib.sha256(Path(inspect.getsourcefile(function)).read_bytes()).hexdigest()
    except (TypeError, OSError):
        return ""


def files_digest(root: Path) -> str:
    """SHA-256 of a file, or of all files below a folder and their names."""
    total = hashlib.sha256()
    paths = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    for path in paths:
        if "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(root)}\n".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
