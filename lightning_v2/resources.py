"""Files that travel with the library: sentences, voices, precision plans, golden vectors."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.files import read_lines

DEFAULT_VOICE = "lark"

_LONGEST_KEY = 200  # bytes: with what is added to it, still the name of a file
_PACKAGE = Path(__file__).parent


def data_path(*parts: str) -> Path:
    """Path of a file or folder of `data/`: inside the package in a wheel, beside it in a checkout.

    Raises:
        MissingFileError: naming what is missing and what there is.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if root.is_dir():
            path = root.joinpath(*parts)
            if path.exists():
                return path
            parent = path.parent
            there = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
            raise MissingFileError(
                f"{path} does not exist; {parent} holds {', '.join(there) or 'nothing'}"
            )
    raise MissingFileError(f"no data folder in {_PACKAGE} nor beside it: install the package again")


def keyed_lines(path: Path, separator: str, layout: str) -> Iterator[tuple[str, str, str]]:
    """Place (file:line), key and what follows the separator, of every line that is not blank.

    Args:
        path: UTF-8.
        layout: of a line, for messages.

    Raises:
        ArgumentError: naming the file and the line that has not this layout, a key twice, or one
            that cannot be the name of a file. Or the file is not UTF-8.
        OSError: it cannot be read.
    """
    lines: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        key, found, rest = line.partition(separator)
        key, rest = key.strip(), rest.strip()
        if not found or not key or not rest:
            raise ArgumentError(f"{place}: expected {layout}, found {line[:60]!r}")
        if not _names_a_file(key):
            raise ArgumentError(
                f"{place}: the key {key[:60]!r} cannot be the name of a file: no folders, quotes, "
                f"control characters or dot at the start, at most {_LONGEST_KEY} bytes"
            )
        if key in lines:
            raise ArgumentError(f"{place}: {key} was there before, in line {lines[key]}")
        lines[key] = number
        yield place, key, rest


def text_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Place, key and text of `key<TAB>text` lines; errors are those of `keyed_lines`."""
    return keyed_lines(path, "\t", "'key<TAB>text'")


def sentence_lines(path: Path) -> dict[str, str]:
    """Key -> text of a file of sentences, of any language.

    Lines are `key<TAB>text`; of a file without tabs each line is a text, and its key the number of
    the line.

    Raises:
        ArgumentError: there is no sentence in it; or as for `keyed_lines`.
        OSError: it cannot be read.
    """
    lines = read_lines(path)
    if any("\t" in line for line in lines):
        return {key: text for _, key, text in text_lines(path)}
    texts = {f"{number:03}": line.strip() for number, line in enumerate(lines, 1) if line.strip()}
    if not texts:
        raise ArgumentError(f"{path} holds no sentence")
    return texts


def held_out_texts(count: int | None = None) -> dict[str, str]:
    """Key -> text of the first sentences, or all, that the shipped voice was not trained on."""
    lines = text_lines(data_path("sentences", "heldout.tsv"))
    return {key: text for _, key, text in islice(lines, count)}


def _names_a_file(key: str) -> bool:
    plain = key.isprintable() and not key.startswith(".") and not set(key) & set('/\\"')
    return plain and len(key.encode()) <= _LONGEST_KEY
