"""The site: a page for every executed notebook, an index, and files to download."""

import errno
import shutil
from pathlib import Path

import nbformat

from lightning_v2.files import written_whole
from lightning_v2.report.index import index
from lightning_v2.report.page import page
from lightning_v2.report.records import Report, Run, read_notebook, write_whole


def write_site(build: Path, report: Report, folder: Path, left: int = 0) -> None:
    """Write `build`/site from all that lies in `build`/notebooks, earlier commands' runs included.

    A page that cannot be written is a problem of the report; the others are written.

    Args:
        build: folder.
        report: of the command; its runs take the place of earlier ones.
        folder: of the notebooks. Executed ones whose source is gone are not shown.
        left: how many pages are still being made.

    Raises:
        OSError: the index cannot be written.
    """
    executed, site = build / "notebooks", build / "site"
    (site / "files").mkdir(parents=True, exist_ok=True)
    notebooks = {path.name: read_notebook(path) for path in sorted(executed.glob("*.ipynb"))}
    found = filter(None, map(Run.stored, notebooks.values()))
    runs = {run.executed: run for run in found if (folder / run.notebook).exists()}
    runs |= {run.executed: run for run in report.runs}
    shown = {run.executed: notebooks[run.executed] for run in runs.values() if run.page}
    ordered = sorted(runs.values(), key=lambda run: run.notebook)
    # Before the pages: each of them changes its notebook.
    write_whole(site / "index.html", index(ordered, shown, report.provenance, left))
    pages = {"index.html"}
    for run in runs.values():
        if not run.page:
            continue
        siblings = [r for r in runs.values() if r.notebook == run.notebook and r.page]
        pages.add(run.page)
        try:
            _write_page(shown[run.executed], executed / run.executed, site, run, siblings)
        except OSError as error:
            report.problems.append(f"{run.page} could not be written: {words(error)}")
    for path in site.glob("*.html"):
        if path.name not in pages:
            path.unlink()
            shutil.rmtree(site / "files" / path.stem, ignore_errors=True)


def words(error: OSError) -> str:
    """An error of the system in words that say what to do about it."""
    if error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or 'no space left'})"
    return str(error)


def _write_page(
    notebook: nbformat.NotebookNode, executed: Path, site: Path, run: Run, siblings: list[Run]
) -> None:
    content, files = page(notebook, run, siblings)
    folder = site / "files" / run.stem
    folder.mkdir(exist_ok=True)
    for path, data in files.items():
        with written_whole(site / path) as part:
            part.write_bytes(data)
    with written_whole(folder / run.executed) as part:
        shutil.copyfile(executed, part)
    write_whole(site / run.page, content)
