"""Files that travel with the library: sentences, voices, precision plans, golden vectors."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def data_path(*parts: str) -> Path:
    """Path of a file or folder of `data/`: inside the package in a wheel, beside it in a checkout.

    Raises:
        FileNotFoundError: naming what is missing and what there is.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if root.is_dir():
            path = root.joinpath(*parts)
            if path.exists():
                return path
            parent = path.parent
            there = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
            raise FileNotFoundError(
                f"{path} does not exist; {parent} holds {', '.join(there) or 'nothing'}"
            )
    raise FileNotFoundError(
        f"no data folder in {_PACKAGE} nor beside it: install the package again"
    )
