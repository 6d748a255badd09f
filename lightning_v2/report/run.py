"""All notebooks for all plans, one after the other."""

import re
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from lightning_v2.precision import Plan

from . import defaults
from .execute import execute
from .parameters import ParameterError, check_parameters, known_parameters
from .provenance import provenance
from .records import Report, Run
from .site import write_index, write_page

PACKAGE = Path(__file__).parents[1]


def run_notebooks(
    notebooks: Sequence[Path],
    plans: Sequence[str] = defaults.PLANS,
    parameters: dict[str, str] | None = None,
    build: Path = Path("build"),
    cell_timeout_s: int = defaults.CELL_TIMEOUT_S,
    notebook_timeout_s: int = defaults.NOTEBOOK_TIMEOUT_S,
) -> Report:
    """Execute every notebook for every plan and write notebooks, pages, index and report.

    A failure ends its own run only. Written under `build`: notebooks/, site/, report.json.

    Args:
        notebooks: paths.
        plans: names or paths of plan files, for notebooks that have a parameter `plan`.
        parameters: name to text, for every notebook that knows the name.
        build: folder, made if it is not there.
        cell_timeout_s: most a cell may take.
        notebook_timeout_s: most a notebook may take.

    Raises:
        ParameterError: no notebook knows a parameter, or there is no notebook. Nothing ran.
        PlanError: a plan does not parse. Nothing ran.
    """
    runs = plan_runs(notebooks, plans, parameters or {})
    executed, site = build / "notebooks", build / "site"
    executed.mkdir(parents=True, exist_ok=True)
    site.mkdir(parents=True, exist_ok=True)
    report = Report(provenance(Path(notebooks[0]).resolve().parent))
    progress = tqdm(runs, unit="notebook", disable=None)
    try:
        for source, run in progress:
            progress.set_description(Path(run.executed).stem)
            target = executed / run.executed
            target.unlink(missing_ok=True)
            result = execute(source, target, run.parameters, cell_timeout_s, notebook_timeout_s)
            run.seconds = round(result.seconds, 1)
            run.error, run.traceback = result.error, result.traceback
            report.runs.append(run)
            if target.exists():
                run.page = f"{target.stem}.html"
    finally:
        for run in report.runs:
            if run.page:
                write_page(executed / run.executed, site / run.page, run, report)
        write_index(executed, site / "index.html", report)
        report.save(build / "report.json")
    return report


def plan_runs(
    notebooks: Sequence[Path], plans: Sequence[str], given: dict[str, str]
) -> list[tuple[Path, Run]]:
    """Every notebook with every plan, all names and values checked.

    Raises:
        ParameterError, PlanError: as `run_notebooks`.
    """
    if not notebooks:
        raise ParameterError("there is no notebook to run")
    if "plan" in given:
        raise ParameterError("plans are chosen with --plans, not with -p plan=...")
    names = {str(plan): Plan.load(plan).name for plan in plans}
    known = {Path(notebook): known_parameters(Path(notebook)) for notebook in notebooks}
    everybody = set().union(*known.values())
    strangers = {name: text for name, text in given.items() if name not in everybody}
    check_parameters(next(iter(known)), strangers)
    runs = []
    for notebook, own in known.items():
        mine = {name: text for name, text in given.items() if name in own}
        values = check_parameters(notebook, mine)
        if "plan" not in own:
            runs.append((notebook, Run(notebook.name, None, values, f"{notebook.stem}.ipynb")))
            continue
        for plan, name in names.items():
            executed = f"{notebook.stem}-{re.sub(r'[^A-Za-z0-9_.-]', '-', name)}.ipynb"
            # The notebook runs in its own folder: a path must not depend on this one.
            chosen = str(Path(plan).resolve()) if Path(plan).is_file() else plan
            runs.append((notebook, Run(notebook.name, name, {**values, "plan": chosen}, executed)))
    return runs


def find_notebooks(folder: Path | None, only: list[str] | None) -> list[Path]:
    """Notebooks of a folder by name; by default those of the checkout, or of the wheel.

    Raises:
        ParameterError: there is none, or none whose name contains one of `only`.
    """
    if folder is None:
        checkout, wheel = PACKAGE.parent / "notebooks", PACKAGE / "data" / "notebooks"
        folder = checkout if checkout.is_dir() else wheel
    found = sorted(folder.glob("*.ipynb"))
    if not found:
        raise ParameterError(f"no notebooks in {folder}: use --folder")
    chosen = [path for path in found if not only or any(word in path.stem for word in only)]
    if not chosen:
        names = ", ".join(path.stem for path in found)
        raise ParameterError(f"no notebook is called {' or '.join(only)} (there are: {names})")
    return chosen
