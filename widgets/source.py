"""The scripts and styles of the widgets, put together without a build step."""

from pathlib import Path

HERE = Path(__file__).parent


def source(*names: str) -> str:
    """Text of files of this folder, one after the other.

    An anywidget has one module. The files share its scope: what one defines, the next ones use, and
    only the last one exports.
    """
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
