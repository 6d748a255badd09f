"""All notebooks for all plans, several at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import joblib
from tqdm import tqdm

from lightning_v2.provenance import provenance
from lightning_v2.report import defaults
from lightning_v2.report.forecast import Forecast, measured
from lightning_v2.report.pages.site import words, write_site
from lightning_v2.report.planning import plan_runs, told, voices_of
from lightning_v2.report.processes.execute import execute
from lightning_v2.report.processes.forks import PACKAGES, Forks
from lightning_v2.report.records import Report, Run, read_notebook
from lightning_v2.voices import load

_OURS = b"lightning_v2"
"""What a notebook that needs this library has in it."""


def run_notebooks(
    notebooks: Sequence[Path],
    plans: Sequence[str] = defaults.PLANS,
    parameters: dict[str, str] | None = None,
    build: Path = Path("build"),
    cell_timeout_s: int = defaults.CELL_TIMEOUT_S,
    notebook_timeout_s: int = defaults.NOTEBOOK_TIMEOUT_S,
    jobs: int | None = None,
    fresh: bool = False,
) -> Report:
    """Execute every notebook for every plan and write notebooks, pages, index and report.

    A failure ends its own run only. A run that went well before is kept if nothing that it depends
    on has changed (`run_key`). Written under `build`: notebooks/, site/, report.json.

    Args:
        notebooks: paths.
        plans: names or paths of plan files: a notebook that has a parameter `plan` runs once for
            each, one that has a parameter `plans` runs once with all.
        parameters: name to text, for every notebook that knows the name.
        build: folder, made if it is not there.
        cell_timeout_s: most a cell may take.
        notebook_timeout_s: most a notebook may take.
        jobs: notebooks that run at the same time; see `defaults.jobs`.
        fresh: run those that have not changed as well.

    Raises:
        ParameterError: no notebook knows a parameter, or there is no notebook. Nothing ran.
        PlanError: a plan does not parse. Nothing ran.
        LightningError: a voice that was asked for cannot be loaded; see `load`. Nothing ran.
        OSError: `build` cannot be written to. Nothing ran.
    """
    runs = plan_runs(notebooks, plans, parameters or {})
    for name in {name for _, run in runs for name in voices_of(run.parameters)}:
        load(name)
    executed = build / "notebooks"
    executed.mkdir(parents=True, exist_ok=True)
    report = Report(provenance(Path(notebooks[0]).resolve().parent))
    jobs = jobs or defaults.jobs()
    progress = tqdm(total=len(runs), unit="notebook", disable=None)
    folder, due, earlier, shown = Path(notebooks[0]).parent, [], {}, False
    try:
        for source, run in runs:
            before = None if fresh else Run.stored(read_notebook(executed / run.executed))
            if before and before.ok and before.key == run.key:
                before.kept = True
                report.runs.append(before)
                progress.update()
                progress.write(before.line())
            else:
                earlier[run.executed] = before.seconds if before else 0.0
                due.append((source, run))
        due.sort(key=lambda one: _place(one[0]))
        forecast = Forecast([run for _, run in due], jobs, earlier, measured())
        if due:
            progress.write(forecast.before(build))
        runner = _Runner(executed, report.provenance, cell_timeout_s, notebook_timeout_s)
        with closing(runner.run_all(due, jobs)) as finished:
            for run in finished:
                report.runs.append(run)
                left = forecast.after(run)
                progress.update()
                # On a terminal the bar says what is left.
                progress.write(f"{run.line()}  {left if progress.disable else ''}".rstrip())
                if run.page and left and not shown:
                    shown = True
                    progress.write(_show_first(build, report, folder, forecast.left))
    finally:
        progress.close()
        order = {run.executed: i for i, (_, run) in enumerate(runs)}
        report.runs.sort(key=lambda run: order[run.executed])
        try:
            write_site(build, report, folder)
            report.save(build / "report.json")
        except OSError as error:
            report.problems.append(f"the site could not be written whole: {words(error)}")
    return report


def _show_first(build: Path, report: Report, folder: Path, left: int) -> str:
    """Write the site as far as it goes, and say where it is."""
    try:
        write_site(build, Report(report.provenance, list(report.runs)), folder, left)
    except OSError as error:
        return f"the site could not be written yet: {words(error)}"
    address = (build / "site" / "index.html").resolve().as_uri()
    return f"to be opened while the others are made: {address}"


@dataclass
class _Runner:
    """Runs notebooks.

    Attributes:
        executed: folder of executed notebooks.
        origin: provenance of what runs.
    """

    executed: Path
    origin: dict
    cell_timeout_s: int
    notebook_timeout_s: int
    _stopped: bool = False

    def run_all(self, due: Sequence[tuple[Path, Run]], jobs: int) -> Iterator[Run]:
        """Execute them, `jobs` at a time, and give each when it has ended.

        What still runs is ended with the iterator.
        """
        if not due:
            return
        ours = any(_OURS in source.read_bytes() for source, _ in due)
        threads = max(1, joblib.cpu_count() // jobs)
        with Forks(PACKAGES if ours else (), threads) as forks, ThreadPoolExecutor(jobs) as pool:
            try:
                for future in as_completed([pool.submit(self.run, *one, forks) for one in due]):
                    yield future.result()
            finally:
                self._stopped = True
                forks.stop()
                pool.shutdown(cancel_futures=True)

    def run(self, source: Path, run: Run, forks: Forks) -> Run:
        """Execute one; all that is known of it is in `run` and in the executed notebook."""
        target = self.executed / run.executed
        result = execute(
            source,
            target,
            run.parameters,
            self.cell_timeout_s,
            self.notebook_timeout_s,
            forks,
        )
        run.seconds, run.memory_mb = round(result.seconds, 1), result.memory_mb
        run.error, run.traceback = result.error, result.traceback
        run.provenance = {**self.origin, "voices": told(run.parameters)}
        if result.reached and not self._stopped:
            run.page = f"{target.stem}.html"
            try:
                run.store(target)
            except OSError as error:
                run.error = run.error or f"could not be written: {words(error)}"
        return run


def _place(notebook: Path) -> int:
    """Where it stands among those that start first; all others come behind them."""
    order = (defaults.FIRST, *defaults.LONGEST)
    return order.index(notebook.stem) if notebook.stem in order else len(order)
