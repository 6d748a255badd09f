"""Files that are there whole or not at all, and where files go that can be made again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; it takes the place of `path` when all went well.

    If the block fails, what was at `path` before is still there and the temporary file is not.
    Processes that write the same file do not get into each other's way: the last one wins.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def user_cache() -> Path:
    """The folder of this program among the user's caches. It need not exist yet."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "lightning-v2"
