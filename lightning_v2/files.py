"""How files are read and written: text of users, results of ours, and where a user wants a result.

What this library keeps for itself is written by `written_whole`. What goes where a user said is
written by `write_output`, which never turns a pipe, a device or a link into a file.
"""

import codecs
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from lightning_v2.errors import ArgumentError, MissingFileError

_STANDARD_OUTPUT = 1  # its descriptor
_output = _STANDARD_OUTPUT  # where it leads: to a copy while messages are kept apart


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; it takes the place of `path` when all went well.

    If the block fails, what was at `path` before is still there and the temporary file is not.
    Processes that write the same file do not get into each other's way: the last one wins.
    """
    # A name of the longest legal length would have no room for more.
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    part = path.with_name(f".{name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_output(path: str | Path, suffixes: tuple[str, ...], what: str) -> None:
    """Refuse, before anything is computed, a place that `write_output` could not write to.

    Args:
        path: as for `write_output`, which cannot be standard output where that is closed either.
        suffixes: that a file of this kind may have, the usual one first; none is legal as well.
        what: is written, for the message, such as "a WAV file".

    Raises:
        ArgumentError: the suffix says that the file is of another kind, it is a folder, nobody
            may write there, or its name cannot be one: too long, or a link that leads to itself.
        MissingFileError: its folder is not there. OSError: it is no open descriptor.
    """
    descriptor = _descriptor(path)
    if descriptor is not None:
        os.fstat(descriptor)
        return
    path = Path(path)
    there = _status(path)
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise MissingFileError(f"{folder} is not a folder")
    if there and stat.S_ISDIR(there.st_mode):
        raise ArgumentError(f"{path} is a folder: {what} cannot take its place")
    if not os.access(path if there else folder, os.W_OK):
        raise ArgumentError(f"{path} cannot be written")
    if there and not stat.S_ISREG(there.st_mode):
        return
    if path.suffix and path.suffix.lower() not in suffixes:
        raise ArgumentError(
            f"{path}: {what} cannot end in {path.suffix}; name it "
            f"{path.with_suffix(suffixes[0]).name}"
        )


def write_output(path: str | Path, content: bytes | str) -> None:
    """Write what a user asked for where the user said; text as UTF-8.

    A plain file is there whole or not at all, and keeps its mode and what extended attributes the
    system lets it keep; links are followed. A pipe, a device, a descriptor (/dev/stdout,
    /dev/fd/63), a file with several names, one of another owner or in a folder that cannot be
    written are written through.

    Args:
        path: the text "-" is standard output ("./-", or a Path, is a file of that name).

    Raises:
        ArgumentError: it is standard output, which is closed. OSError: it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    descriptor = _descriptor(path)
    if descriptor is not None:
        if descriptor == _STANDARD_OUTPUT:
            sys.stdout.flush()
            descriptor = _output
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        return
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    target = Path(os.path.realpath(path))
    if status is None or _may_be_replaced(target, status):
        with written_whole(target) as part:
            part.touch(mode=0o666 if status is None else 0o600)
            if status:
                shutil.copystat(target, part)
            part.write_bytes(data)
    else:
        with open(path, "wb") as file:
            file.write(data)


@contextmanager
def messages_apart(paths: Iterable[str | Path]) -> Iterator[None]:
    """If one of the paths is standard output, what is printed goes to standard error meanwhile.

    What native libraries print goes there too: the descriptor is moved as well as `sys.stdout`.

    Raises:
        ArgumentError: two of them are standard output, or one and it is closed.
    """
    global _output
    count = sum(_descriptor(path) == _STANDARD_OUTPUT for path in paths)
    if count > 1:
        raise ArgumentError("only one file can be standard output")
    if not count:
        yield
        return
    sys.stdout.flush()
    _output = os.dup(_STANDARD_OUTPUT)
    os.dup2(sys.stderr.fileno(), _STANDARD_OUTPUT)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(_output, _STANDARD_OUTPUT)
        os.close(_output)
        _output = _STANDARD_OUTPUT


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text without their ends, which are LF, CR LF or CR and nothing else.

    A byte order mark is left out. Separators within a text, such as U+2028, stay in it.

    Raises:
        ArgumentError: naming file and line, if it is in another encoding.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        line = data[: max(0, data.find(b"\0"))].count(b"\n") + 1
        raise ArgumentError(f"{path}:{line}: is UTF-16 or no text at all: save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_lines(data[: error.start].decode("utf-8-sig") + "."))
        raise ArgumentError(
            f"{path}:{line}: is not UTF-8 (byte 0x{data[error.start]:02x}; Latin-1 or Windows-1252"
            "?): save it as UTF-8"
        ) from error
    return _lines(text)


def user_cache() -> Path:
    """The folder of this program among the user's caches. It need not exist yet."""
    import platformdirs  # its import would slow down every --help

    return platformdirs.user_cache_path("lightning-v2")


def _descriptor(path: str | Path) -> int | None:
    """The open descriptor of this process that a path means, through any number of links."""
    found = _linked_descriptor(path)
    # Something else may have got the descriptor meanwhile.
    if found == _STANDARD_OUTPUT and sys.__stdout__ is None:
        raise ArgumentError(f"{path}: standard output is closed")
    return found


def _linked_descriptor(path: str | Path) -> int | None:
    if path == "-":
        return _STANDARD_OUTPUT
    ours = os.path.realpath("/proc/self/fd")
    name = os.path.abspath(path)
    for _ in range(40):  # as many links as Linux follows
        folder, last = os.path.split(name)
        if os.path.realpath(folder) == ours and last.isdecimal():
            return int(last)
        if not os.path.islink(name):
            return None
        name = os.path.normpath(os.path.join(os.path.realpath(folder), os.readlink(name)))
    return None


def _status(path: Path) -> os.stat_result | None:
    """Of what is there, if anything is.

    Raises:
        ArgumentError: nothing can ever be there.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = {
            errno.ELOOP: "it is a link that leads to itself",
            errno.ENAMETOOLONG: "its name is too long",
        }.get(error.errno, error.strerror)
        raise ArgumentError(f"{path} cannot be written: {reason}") from error


def _may_be_replaced(target: Path, status: os.stat_result) -> bool:
    """Whether another file may take the place of this one, so that nobody sees a difference."""
    return (
        stat.S_ISREG(status.st_mode)
        and os.access(target, os.W_OK)
        and status.st_nlink == 1
        and status.st_uid == os.geteuid()
        and os.access(target.parent, os.W_OK)
    )


def _lines(text: str) -> list[str]:
    """str.splitlines would also split at U+2028, form feeds and other separators."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
