"""A JupyterLab of its own, with a notebook in it, and a browser that has it open."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

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
def running_lab(folder: Path, notebook: Path):
    """A server with a copy of `notebook`; yields the address of its page, and ends the server.

    folder: empty; everything that Jupyter writes goes there.
    """
    work, home = folder / "work", folder / "jupyter"
    work.mkdir()
    shutil.copy(notebook, work)
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
        "--LabApp.news_url=None", "--ServerApp.allow_remote_access=False",
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


def run_all(page, prompts: int) -> None:
    """Run All, and wait until so many cells have a number.

    Right after a start the command can get lost, or ask for a kernel: the one offered is taken, and
    the command given again until the first cell has begun.
    """
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    first = page.locator(".jp-CodeCell .jp-InputPrompt").first
    for _ in range(20):
        page.get_by_text("Run", exact=True).first.click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(1500)
        if first.inner_text().strip() not in ("[ ]:", "[]:", ""):
            break
        for accept in page.locator(".jp-Dialog .jp-mod-accept").all():
            accept.click()
    page.wait_for_function(
        "(count) => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".filter((prompt) => /\\[\\d+\\]/.test(prompt.textContent)).length >= count",
        arg=prompts,
        timeout=180_000,
    )


def run_in_kernel(page, code: str) -> str:
    """Put code into a new last cell, run it, and return what it printed."""
    before = page.locator(".jp-CodeCell").count()
    page.locator(".jp-Notebook-footer").click()
    page.wait_for_function(
        "(count) => document.querySelectorAll('.jp-CodeCell').length > count", arg=before
    )
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    cell = page.locator(".jp-CodeCell").nth(before)
    output = cell.locator(".jp-OutputArea-output").first
    output.wait_for(timeout=60_000)
    return output.inner_text().strip()


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
