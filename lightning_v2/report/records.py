"""What ran, and what became of it."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import nbformat

from lightning_v2.files import written_whole
from lightning_v2.provenance import provenance

RUN = "lightning_v2"
"""Key in the metadata of an executed notebook under which its `Run` is kept."""


@dataclass
class Run:
    """One notebook with one set of parameters.

    Attributes:
        notebook: name of the file.
        plan: name of the plan; None where the notebook has no parameter `plan`.
        parameters: everything that was set.
        executed: file name of the executed notebook, without folder.
        key: digest of everything that decides what comes out.
        asked: parameters that are not the notebook's own, in words; empty if there are none.
        seconds: wall time; 0 before it ran.
        memory_mb: of its largest process at its peak; 0 before it ran.
        error: one line; None if all went well.
        traceback: of the cell that failed.
        page: file name of its page; None if none could be written.
        kept: it ran in an earlier command, and nothing has changed since.
        provenance: of the run, see `provenance`.
    """

    notebook: str
    plan: str | None
    parameters: dict[str, object]
    executed: str
    key: str = ""
    asked: str = ""
    seconds: float = 0.0
    memory_mb: int = 0
    error: str | None = None
    traceback: str = ""
    page: str | None = None
    kept: bool = False
    provenance: dict = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def stem(self) -> str:
        """Name of the executed notebook without its ending."""
        return Path(self.executed).stem

    def line(self) -> str:
        """What became of it, for a terminal."""
        mark = "FAILED" if self.error else "kept  " if self.kept else "ok    "
        line = f"{mark}  {self.seconds:6.1f} s  {self.stem}"
        return f"{line}\n        {self.error}" if self.error else line

    def store(self, executed: Path) -> None:
        """Write the run into the metadata of its executed notebook.

        Raises:
            OSError: the file cannot be read or written.
        """
        notebook = nbformat.read(executed, as_version=4)
        notebook.metadata[RUN] = asdict(self)
        write_whole(executed, nbformat.writes(notebook))

    @classmethod
    def stored(cls, notebook: nbformat.NotebookNode | None) -> "Run | None":
        """The run that an executed notebook came from; None where it does not say."""
        found = notebook.metadata.get(RUN) if notebook else None
        known = {entry.name for entry in fields(cls)}
        return cls(**found) if found and set(found) == known else None


@dataclass
class Report:
    """What ran and what failed.

    Attributes:
        provenance: of the command.
        runs: that were asked for, as far as they ran.
        problems: what went wrong beside them, a line each.
    """

    provenance: dict
    runs: list[Run] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.runs) and all(run.ok for run in self.runs) and not self.problems

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        runs = [{**asdict(run), "ok": run.ok} for run in self.runs]
        content = {"ok": self.ok, **self.provenance, "problems": self.problems, "runs": runs}
        write_whole(path, json.dumps(content, indent=2))


def read_notebook(path: Path) -> nbformat.NotebookNode | None:
    """A notebook; None if there is none or only a part of its file."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return None


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
    write_json(path, record)


def write_json(path: Path, record: dict) -> None:
    """Write a record, into a folder that is made if need be, and say where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=2) + "\n")
    print(f"written to {path}")
