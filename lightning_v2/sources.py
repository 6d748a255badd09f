"""The source files of this library, and whether they still are what this process runs.

Their state is noted when the library is imported, before any other of its modules is: what is
edited after that is not, or not all of it, what runs. Every import waits for this file: it needs
nothing that takes long to import.
"""

import os
import time
from collections.abc import Iterator

WITHOUT_INFLUENCE = ("cli", "data", "deployment/doctor.py", "report", "training")
"""Files and folders of the package that cannot change a value: commands, pages, and data, which
counts where it is an argument. All others count, so that a new file is never forgotten."""

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def unchanged() -> bool:
    """Whether all sources are the files that they were at the import of this library.

    Also one that was edited and restored counts as another: it may have been loaded in between.
    """
    try:
        return all(state(path) == then for path, then in _AT_IMPORT.items())
    except OSError:
        return False


def paths() -> list[str]:
    """The files of this library that can change a value, as they were at its import."""
    return sorted(_AT_IMPORT)


def process_start() -> float:
    """When this process began, in seconds since the epoch."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def _files(folder: str, place: str = "") -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = place + entry.name
            if entry.name == "__pycache__" or name in WITHOUT_INFLUENCE:
                continue
            if entry.is_dir():
                yield from _files(entry.path, f"{name}/")
            elif entry.is_file():
                yield entry.path


def state(path: str | os.PathLike) -> tuple[int, ...]:
    """Of a file: another one after whatever was done to the content."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


_AT_IMPORT = {path: state(path) for path in _files(PACKAGE)}

STARTED = process_start()
"""`process_start` of the process that imported this library: one that was forked off it runs what
was loaded before it began."""
