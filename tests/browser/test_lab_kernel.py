"""What widgets do in a live JupyterLab when their kernel is lost: killed, and restarted."""

import nbformat
import pytest

from tests.browser.lab import run_all, running_lab

GONE = "Kernel gone: run the cell again."
MADE = """import numpy as np
from widgets import ABPlayer, ABXTest, Clip
one, other = (np.sin(np.arange(24000) * hz).astype("f4") * 0.3 for hz in (0.06, 0.07))
pair = Clip("one", one, 24000), Clip("other", other, 24000)"""
EXPLORER = """from widgets import PrecisionExplorer
explorer = PrecisionExplorer("Ships.", "bf16", voice="lark")
explorer._costs.close()  # nobody waits for them here, and they keep a core busy
explorer"""
KILL = "import os; os.kill(os.getpid(), 9)"
WAIT_MS = 300_000


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A notebook with every widget, run."""
    folder = tmp_path_factory.mktemp("lab")
    path = folder / "widgets.ipynb"
    cells = [MADE, "ABPlayer(list(pair))", "ABXTest(*pair, 3)", EXPLORER]
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel
        ),
        path,
    )
    (folder / "home").mkdir()
    with running_lab(folder / "home", path, "print('ready')") as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(address)
        yield page
        page.close()


def begin(page):
    run_all(page)
    page.wait_for_selector(".ex-sites[data-ready] tbody tr", timeout=WAIT_MS)
    page.wait_for_function(
        "document.querySelectorAll('.ab-player[data-ready], .abx-test[data-ready]').length === 3",
        timeout=WAIT_MS,
    )


def gone(page):
    """All widgets say so, and those that sound still do."""
    page.wait_for_function(
        "(words) => document.querySelector('.ex-bar [role=alert]').textContent === words",
        arg=GONE,
        timeout=60_000,
    )
    assert page.locator(".explorer :is(select, button)").count() == 0
    assert GONE in page.locator(".abx-test .ab-problem").inner_text()
    players = page.locator(".ab-player")
    assert players.count() == 2
    for index in range(2):
        players.nth(index).locator(".ab-play").click()
        page.wait_for_function(
            "(index) => document.querySelectorAll('.ab-player')[index].deck.position > 0.05",
            arg=index,
        )
        players.nth(index).locator(".ab-play").click()
    page.locator(".abx-test .ab-clip").first.click()
    page.wait_for_function("document.querySelector('.abx-test').deck.position > 0.05")
    assert page.locator(".abx-test .ab-clip").nth(2).is_disabled()


def test_a_kernel_that_somebody_restarts(page):
    begin(page)
    page.evaluate("() => { jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }")
    gone(page)
    assert page.errors == []


def test_a_kernel_that_dies(page):
    begin(page)
    page.evaluate(
        "(code) => { jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({ code }); }",
        KILL,
    )
    page.locator(".jp-Dialog .jp-mod-accept").click()  # Lab says so, too, and waits
    gone(page)
