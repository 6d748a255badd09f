"""How far something is that takes long: a bar on a terminal, elsewhere a line now and then."""

import sys

from tqdm import tqdm

LINES_S = 30
"""Least seconds from one line to the next."""


class _Lines(tqdm):
    """Lines of a log instead of a bar that is drawn over and over."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        if msg is None:
            print(str(self).strip(), file=self.fp, flush=True)


def bar(total: int, unit: str, name: str | None = None, done: int = 0, shown: bool = True) -> tqdm:
    """A bar on standard error. Where that is no terminal it writes a line every half a minute, and
    nothing about what is over before.

    Args:
        total: how many there are.
        unit: what one of them is called.
        name: of the work.
        done: how many are finished already.
        shown: whether to show anything.
    """
    how = {"total": total, "unit": unit, "desc": name, "initial": done, "disable": not shown}
    if sys.stderr.isatty():
        return tqdm(**how)
    lines = {"delay": LINES_S, "mininterval": LINES_S, "miniters": 1, "leave": False, "ncols": 0}
    return _Lines(**how, **lines)
