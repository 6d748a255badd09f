"""Files that travel with the library: sentences, voices, precision plans, golden vectors."""

from itertools import islice
from pathlib import Path

from lightning_v2.errors import ArgumentError, MissingFileError

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


def read_texts(path: Path) -> dict[str, str]:
    """Read `key<TAB>text` lines.

    Raises:
        ArgumentError: naming the file and the line that has no tab, no text, or a key twice.
    """
    texts: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        key, tab, text = line.partition("\t")
        if not tab or not key or not text.strip():
            raise ArgumentError(f"{path}:{number}: expected 'key<TAB>text', found {line[:60]!r}")
        if key in texts:
            raise ArgumentError(f"{path}:{number}: {key} was there before")
        texts[key] = text
    return texts


def held_out_texts(count: int | None = None) -> dict[str, str]:
    """Key -> text of the first sentences, or all, that the shipped voice was not trained on."""
    texts = read_texts(data_path("sentences", "heldout.tsv"))
    return dict(islice(texts.items(), count))
