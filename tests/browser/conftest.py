"""A real browser, without network, and what it complains about."""

import os
import shutil
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.players import RATE, SHELL, three_clips, tone
from widgets import ABPlayer, Clip
from widgets.static import widget_html

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Looked for in this order: the first has no windows, and opens a page in a third of the time."""
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --mute-audio"
).split()


@pytest.fixture(scope="session")
def browser():
    names = (os.environ.get("CHROMIUM", ""), *BROWSERS)
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    if not found:
        problem = "Chromium is missing: sudo apt-get install chromium-headless-shell (or chromium)"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """An open page, its errors, and every address it asked for besides its own file."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def player(self, expression: str, index: int = 0):
        """Value of a JavaScript expression over `deck`, the sound of a player."""
        return self.page.evaluate(
            f"(index) => {{ const root = document.querySelectorAll('.ab-player')[index];"
            f" const deck = root.deck; return {expression}; }}",
            index,
        )


@pytest.fixture
def visit(browser):
    """visit(path, **options): open a file, 1000 x 800 unless the options say otherwise."""
    pages = []

    def open_file(path, **options):
        page = browser.new_page(**{"viewport": {"width": 1000, "height": 800}, **options})
        pages.append(page)
        seen = Visit(page)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
        page.on("request", lambda request: _note(seen, request.url, path))
        page.goto(path.as_uri())
        return seen

    yield open_file
    for page in pages:
        page.close()


def _note(seen, url, path):
    if url != path.as_uri() and not url.startswith(("data:", "blob:")):
        seen.requests.append(url)


@pytest.fixture
def open_players(visit, tmp_path):
    """open_players(*widgets, **options): a page of players, which must not complain or ask."""
    opened = []

    def open_page(*widgets, **options):
        page = tmp_path / f"page{len(opened)}.html"
        page.write_text(SHELL + "".join(widget_html(widget.get_state()) for widget in widgets))
        seen = visit(page, **options)
        opened.append(seen)
        seen.page.wait_for_function(
            f"document.querySelectorAll('.ab-player[data-ready]').length === {len(widgets)}"
        )
        return seen

    yield open_page
    for seen in opened:
        assert seen.errors == []
        assert seen.requests == []


@pytest.fixture
def player(open_players):
    """A page with two players, of three and of two clips."""
    short = [Clip("short", tone(440, 0.1, 1.0), RATE), Clip("shorter", tone(440, 0.1, 0.7), RATE)]
    return open_players(ABPlayer(three_clips(), label="one"), ABPlayer(short, label="two"))
