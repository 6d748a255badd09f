"""Which notebooks run, with which parameters and plans, all of it checked before one does."""

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lightning_v2.precision import Plan
from lightning_v2.report import defaults
from lightning_v2.report.key import run_key
from lightning_v2.report.parameters import ParameterError, check_parameters, known_parameters
from lightning_v2.report.records import Run
from lightning_v2.voices import from_anywhere, licence_of

PACKAGE = Path(__file__).parents[1]


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


def plan_runs(
    notebooks: Sequence[Path], plans: Sequence[str], given: dict[str, str]
) -> list[tuple[Path, Run]]:
    """Every notebook with every plan, all names and values checked.

    Raises:
        ParameterError, PlanError: as `run_notebooks`.
    """
    if not notebooks:
        raise ParameterError("there is no notebook to run")
    for name in ("plan", "plans"):
        if name in given:
            raise ParameterError(f"plans are chosen with --plans, not with -p {name}=...")
    # The notebook runs in its own folder: a path must not depend on this one.
    loaded = {_absolute(plan): Plan.load(plan) for plan in plans}
    given = {
        name: from_anywhere(text) if name == "voice" else _absolute(text)
        for name, text in given.items()
    }
    known = {Path(notebook): known_parameters(Path(notebook)) for notebook in notebooks}
    everybody = set().union(*known.values())
    strangers = {name: text for name, text in given.items() if name not in everybody}
    check_parameters(next(iter(known)), strangers)
    runs = []
    for notebook, own in known.items():
        mine = {name: text for name, text in given.items() if name in own}
        values = check_parameters(notebook, mine)
        asked = {name: value for name, value in values.items() if value != own[name]}
        if "plans" in own:
            values["plans"] = list(loaded)
            if values["plans"] not in (own["plans"], list(defaults.PLANS)):
                asked["plans"] = [plan.name for plan in loaded.values()]
        if "plan" in own:
            for plan, parsed in loaded.items():
                chosen = {**values, "plan": plan}
                runs.append((notebook, _run(notebook, parsed.name, chosen, asked, [parsed])))
        else:
            used = loaded.values() if "plans" in own else ()
            runs.append((notebook, _run(notebook, None, values, asked, used)))
    return runs


def told(parameters: dict[str, object]) -> dict[str, str]:
    """Name -> licence and package of each voice among the parameters of a notebook."""
    licences = {name: licence_of(name) for name in voices_of(parameters)}
    return {
        Path(name).name: ", ".join(filter(None, (licence.words, licence.package)))
        for name, licence in licences.items()
    }


def voices_of(parameters: dict[str, object]) -> list[str]:
    """The voices among the parameters of a notebook."""
    one = parameters.get("voice")
    return [one] if one else parameters.get("voices", [])


def _run(
    notebook: Path,
    plan: str | None,
    parameters: dict[str, object],
    asked: dict[str, object],
    plans: Iterable[Plan],
) -> Run:
    """A run that has not run yet. Each set of parameters has a file name of its own."""
    words = ", ".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in asked.items()
    )
    digest = hashlib.sha256(words.encode()).hexdigest()[:6]
    parts = [notebook.stem, plan, words and f"{words[:32]}-{digest}"]
    executed = "-".join(re.sub(r"[^A-Za-z0-9_.]+", "-", part).strip("-") for part in parts if part)
    return Run(
        notebook=notebook.name,
        plan=plan,
        parameters=parameters,
        executed=f"{executed}.ipynb",
        key=run_key(notebook, parameters, plans),
        asked=words,
    )


def _absolute(text: str) -> str:
    """A path that is there from anywhere; any other text as it is."""
    text = str(text)
    separated = os.sep in text or text.endswith((".yaml", ".yml"))
    return os.path.abspath(text) if separated and os.path.exists(text) else text
