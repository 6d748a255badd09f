"""The site: a page for every executed notebook, an index, and files to download."""

import errno
import shutil
from pathlib import Path

from lightning_v2.files import written_whole
from lightning_v2.report.pages import outputs
from lightning_v2.report.pages.index import index
from lightning_v2.report.pages.page import Neighbours, page
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
    titles = {name: outputs.title(notebook, name) for name, notebook in shown.items()}
    pages = {"index.html"}
    for run in runs.values():
        if not run.page:
            continue
        siblings = [r for r in runs.values() if r.notebook == run.notebook and r.page]
        pages.add(run.page)
        try:
            around = _neighbours(run, ordered, titles)
            content = page(shown[run.executed], run, siblings, around)
            _write_page(*content, executed / run.executed, site, run)
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


def _neighbours(run: Run, ordered: list[Run], titles: dict[str, str]) -> Neighbours:
    """Pages of the notebooks before and after that of a run; of the same plan where there is one.

    ordered: all runs, in the order of their notebooks. titles: executed file name -> title.
    """
    with_page = [other for other in ordered if other.page]
    names = list(dict.fromkeys(other.notebook for other in with_page))
    place = names.index(run.notebook)

    def of(step: int) -> tuple[str, str] | None:
        if not 0 <= place + step < len(names):
            return None
        there = [other for other in with_page if other.notebook == names[place + step]]
        best = max(there, key=lambda other: (other.asked == run.asked, other.plan == run.plan))
        return best.page, titles[best.executed]

    return Neighbours(of(-1), of(1))


def _write_page(
    content: str, files: dict[str, bytes], executed: Path, site: Path, run: Run
) -> None:
    folder = site / "files" / run.stem
    folder.mkdir(exist_ok=True)
    for path, data in files.items():
        with written_whole(site / path) as part:
            part.write_bytes(data)
    with written_whole(folder / run.executed) as part:
        shutil.copyfile(executed, part)
    write_whole(site / run.page, content)
