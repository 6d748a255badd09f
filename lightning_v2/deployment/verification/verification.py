"""`lightning-v2 verify`: the cases and one sentence on a device, held against the exact tier."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import torch

from lightning_v2 import tensix
from lightning_v2.deployment.agreement import agreement
from lightning_v2.deployment.device.target import Device, toolchain, ttnn_version
from lightning_v2.deployment.errors import UnsupportedError
from lightning_v2.deployment.verification import emulated
from lightning_v2.deployment.verification.cases import Arrays, Case, described, operands, read
from lightning_v2.deployment.verification.firmware import firmware
from lightning_v2.deployment.verification.measured import DIFFERS, REFUSED, SAME, Row, compared
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import voice_sites
from lightning_v2.provenance import provenance
from lightning_v2.resources import DEFAULT_VOICE, data_path
from lightning_v2.tensix.numbers.configuration import SRCB_READINGS
from lightning_v2.voices import load

SENTENCE, PLAN = "Hi.", "lightning-v2"
VOICE = "sentence"
"""The group of the sentence's sites."""

GROUPS = {
    "products": "every format, fidelity and width of Dst",
    "blocks": "sums that wait or grow in memory between blocks of K",
    "packing": "typecasts",
    "elements": "two operands, element by element",
    "sums": "along rows and down columns",
    "norms": "layer_norm and rms_norm",
    "softmax": "",
    "functions": "of one operand, over all kinds of patterns",
    "convolutions": "conv1d, dense and depthwise",
    "open question": "SrcA holds bfloat16, SrcB TF32",
    VOICE: f"every site of {SENTENCE!r}",
}
"""Group -> what is in it, in the order in which they run."""

BY_COMPILER = ("elements", "norms", "softmax", "functions", "open question")
"""Groups with kernels whose last bit a compiler may choose: docs/limits.md, "The compiler"."""

SECONDS = {"case": 1.5, "site": 0.6}
"""On a card the first time, when kernels are compiled: modelled. A case takes 3.5 s of processor
time (measured, GCC 12 on one core of an EPYC), mostly five kernels that are compiled side by side,
and sites share many of theirs; a host with eight cores is assumed."""


class Runs(Protocol):
    """What runs a case: `on_device.Operations`."""

    def run(self, case: Case, given: dict[str, torch.Tensor | float]) -> torch.Tensor: ...


@dataclass
class Verification:
    """What was found.

    Attributes:
        origin: target, board, architecture, firmware, versions.
        rows: one a case, and one a site of the sentence.
        complete: whether all groups that were asked for have run.
    """

    origin: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    complete: bool = False

    @property
    def different(self) -> int:
        """How many values differ."""
        return sum(row.different for row in self.rows)

    @property
    def agrees(self) -> bool:
        """Whether all ran, and every value is that of the exact tier."""
        return self.complete and all(row.state == SAME for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return self.origin | {
            "complete": self.complete,
            "values": sum(row.values for row in self.rows),
            "different": self.different,
            "refused": sum(row.state == REFUSED for row in self.rows),
            "rows": [asdict(row) for row in self.rows],
        }


def stored_cases() -> tuple[list[Case], Arrays]:
    """The cases that travel with the library."""
    return read(data_path("golden", "verification.npz"))


def origin(device: Device) -> dict[str, Any]:
    """Where results come from; call it while the device is open."""
    return {
        "kind": "simulated" if device.target == "simulator" else "measured",
        "target": device.target,
        "board": device.board,
        "arch": device.arch,
        "grid": list(device.grid),
        "firmware": firmware() if device.target == "silicon" else {},
        "ttnn": ttnn_version(),
        "toolchain": toolchain(),
        **provenance(Path(__file__).parent),
    }


def case_rows(
    run: Runs,
    arch: str,
    cases: Iterable[tuple[int, Case]],
    arrays: Arrays,
    grid: tuple[int, int] | None = None,
) -> Iterator[Row]:
    """A row for each case (number, case), on a device of that architecture with so many columns and
    rows of cores."""
    for index, case in cases:
        given, name, start = operands(case, index, arrays), described(case), perf_counter()
        try:
            found = run.run(case, given)
        except RuntimeError as error:
            message = " ".join(str(error).split("info:")[-1].split("backtrace:")[0].split())
            yield Row(case["group"], name, REFUSED, message=message)
            continue
        seconds = perf_counter() - start
        wanted = {}
        for reading in SRCB_READINGS:
            with tensix.use(tier="exact", arch=arch, grid=grid, srcb=reading):
                wanted[reading] = emulated.run(case, given)
        yield compared(case["group"], name, found, *wanted.values(), seconds)


def site_rows(device: Device) -> Iterator[Row]:
    """A row for each site of the sentence, and one for its waveform."""
    try:
        table = agreement(load(DEFAULT_VOICE), PLAN, device, SENTENCE).table
    except UnsupportedError as error:
        yield Row(VOICE, f"plan {PLAN}", REFUSED, message=str(error))
        return
    for site in table.itertuples():
        state = DIFFERS if site.different else SAME
        values, different = int(site.values), int(site.different)
        yield Row(VOICE, site.site, state, values, different, digest=site.digest)


def chosen_groups(names: list[str] | None) -> list[str]:
    """Those of GROUPS with these names, in their order; all without names.

    Raises:
        ArgumentError: there is no such group.
    """
    for name in names or ():
        if name not in GROUPS:
            raise ArgumentError(f"no group {name!r}; legal are {', '.join(GROUPS)}")
    return [name for name in GROUPS if not names or name in names]


def site_count(groups: list[str]) -> int:
    """Rows of the sentence, if it is among the groups."""
    return len(voice_sites(load(DEFAULT_VOICE))) + 1 if VOICE in groups else 0


def estimate(cases: int, sites: int) -> float:
    """Seconds on a card; modelled by SECONDS."""
    return cases * SECONDS["case"] + sites * SECONDS["site"]
