"""What ran, and what became of it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lightning_v2.files import written_whole

from .provenance import provenance


@dataclass
class Run:
    """One notebook for one plan.

    Attributes:
        notebook: name of the file.
        plan: name of the plan; None where the notebook has no parameter `plan`.
        parameters: everything that was set.
        executed: file name of the executed notebook, without folder.
        seconds: wall time; 0 before it ran.
        error: one line; None if all went well.
        traceback: of the cell that failed.
        page: file name of its page; None if none could be written.
    """

    notebook: str
    plan: str | None
    parameters: dict[str, object]
    executed: str
    seconds: float = 0.0
    error: str | None = None
    traceback: str = ""
    page: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass
class Report:
    """What ran and what failed."""

    provenance: dict
    runs: list[Run] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.runs) and all(run.ok for run in self.runs)

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        runs = [{**asdict(run), "ok": run.ok} for run in self.runs]
        write_whole(path, json.dumps({"ok": self.ok, **self.provenance, "runs": runs}, indent=2))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def save_result(path: Path, root: Path, voice, kind: str, **found: object) -> None:
    """Keep what a benchmark found, with what it came from.

    Args:
        path: JSON file; its folder is made if need be.
        root: the checkout, for its commit.
        voice: that was measured.
        kind: "measured", "emulated", "simulated" or "modelled".
        found: the rest of the record.
    """
    origin = {"name": voice.name, "digest": voice.digest}
    record = {"kind": kind, "voice": origin, **found, **provenance(root)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=2) + "\n")
    print(f"written to {path}")
