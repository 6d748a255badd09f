import io
import re
import sys

import pytest

from lightning_v2 import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def work(monkeypatch):
    """work(stream, seconds, **options): what a bar over three writes that take so long each."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])

    def run(stream, seconds, **options):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.bar(3, "unit", "work", **options) as bar:
            for place in range(3):
                now[0] += seconds
                bar.set_postfix_str(f"in {place}", refresh=False)
                bar.update()
        return stream.getvalue()

    return run


def test_without_a_terminal_a_line_now_and_then(work):
    lines = work(io.StringIO(), 40).splitlines()
    assert len(lines) == 3
    assert re.match(r"work:\s+67% 2/3 \[01:20<00:40, .*in 1\]$", lines[1])


def test_without_a_terminal_nothing_of_what_is_soon_over(work):
    assert work(io.StringIO(), 5) == ""


def test_on_a_terminal_a_bar_from_the_beginning(work):
    written = work(Terminal(), 5)
    assert written.count("\r") >= 4 and "0/3" in written and "3/3" in written


def test_what_is_done_already_counts_as_done(work):
    assert "2/3" in work(io.StringIO(), 40, done=1).splitlines()[0]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_not_shown(work, stream):
    assert work(stream, 40, shown=False) == ""
