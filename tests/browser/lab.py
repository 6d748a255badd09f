"""A JupyterLab of its own, with a notebook in it, and a browser that has it open."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-tests"
SETTINGS = {
    # Cells that are out of sight stay in the page, so that a test finds them.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none"}',
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": (
        '{"fetchNews": "false", "checkForUpdates": false}'
    ),
}


@contextmanager
def running_lab(folder: Path, notebook: Path, last_cell: str):
    """A server with a copy of `notebook`; yields the address of its page, and ends the server.

    folder: empty; everything that Jupyter writes goes there.
    last_cell: code of a cell that is added.
    """
    work, home = folder / "work", folder / "jupyter"
    work.mkdir()
    copy = nbformat.read(notebook, as_version=4)
    copy.cells.append(nbformat.v4.new_code_cell(last_cell))
    nbformat.write(copy, work / notebook.name)
    for name, text in SETTINGS.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {
        **os.environ,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        **{
            f"JUPYTER_{name}_DIR": str(home / name.lower())
            for name in ("CONFIG", "DATA", "RUNTIME")
        },
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(ROOT),
    }
    log = folder / "lab.log"
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        "--port=0", f"--ServerApp.root_dir={work}", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with log.open("w") as output:
        # A session of its own: kernels go with the server, whatever they do.
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield f"{_address(home / 'runtime', server, log)}lab/tree/{notebook.name}?token={TOKEN}"
    finally:
        _end(server)


def run_all(page) -> None:
    """Run all cells of the notebook, and wait until every one has a number.

    The command is Lab's own, given once the kernel is there: before that it would ask for one.
    """
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
    page.evaluate("() => jupyterapp.shell.currentWidget.context.ready")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".every((prompt) => /\\[\\d+\\]/.test(prompt.textContent))",
        timeout=180_000,
    )


def run_cell(page, index: int) -> str:
    """Run a code cell again, and return what it printed."""
    cell = page.locator(".jp-CodeCell").nth(index)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([index, before]) => { const text = document.querySelectorAll('.jp-CodeCell')[index]"
        ".querySelector('.jp-InputPrompt').innerText;"
        " return text !== before && /\\[\\d+\\]/.test(text); }",
        arg=[index, before],
        timeout=120_000,
    )
    return cell.locator(".jp-OutputArea-output").first.inner_text().strip()


def _address(runtime: Path, server: subprocess.Popen, log: Path) -> str:
    """As the server writes it down once it listens; the port is one that was free."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            url = json.loads(path.read_text())["url"]
            try:
                with urllib.request.urlopen(f"{url}api?token={TOKEN}", timeout=5):
                    return url
            except OSError:
                pass
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def _end(server: subprocess.Popen) -> None:
    """The server asks its kernels to end; whatever is left of its children is killed."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.send_signal(signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=10)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)
    server.wait(timeout=10)
