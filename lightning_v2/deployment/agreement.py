"""How far a device agrees with the emulator: every site of a sentence, bit for bit.

What the simulator gave lies in data/simulator/, with digests of all values, so that the emulator
can be held against it where there is no simulator.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightning_v2.deployment.deployment import Deployment
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.emulate import as_deployed
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.resources import DEFAULT_VOICE, data_path
from lightning_v2.tensix import SiteCall
from lightning_v2.tensix.numbers.configuration import Settings

Progress = Callable[[str], None]
"""Told the name of each site once it was compared."""

COLUMNS = ("site", "program", "op", "values", "different", "max_abs", "max_ulp", "digest")


@dataclass(frozen=True)
class Agreement:
    """A device beside the exact tier.

    Attributes:
        table: a row for each site: the `program` that was compared, "x + y" where y has one with x
            before it (x then has a row of its own, from a program that only comparing needs);
            `values` compared, how many are `different` in any bit, the
            largest difference (`max_abs`) and the same in units of the last place of the site's
            output format (`max_ulp`), `digest` of what the device gave. The last row, "waveform",
            is the whole speech.
        provenance: voice, plan, text, device, versions; whatever a caller adds.
    """

    table: pd.DataFrame
    provenance: dict[str, Any]

    @property
    def different(self) -> list[str]:
        """Sites with a bit that differs."""
        return list(self.table.site[self.table.different > 0])

    def to_dict(self) -> dict[str, Any]:
        """What `load_agreement` reads, for JSON."""
        rows = self.table.to_dict("records")
        for row in rows:
            if row["program"] == row["site"]:
                del row["program"]
        return {**self.provenance, "sites": rows}


def agreement(
    voice: Voice,
    plan: Plan | str | Path,
    device: Device,
    text: str,
    progress: Progress | None = None,
) -> Agreement:
    """Speak one sentence on the device and emulated, and compare every site.

    Raises:
        UnsupportedError: the device cannot run the plan.
    """
    plan = for_voice(Plan.of(plan), voice_sites(voice))
    wanted, emulated = observed_emulation(voice, plan, text, device.arch)
    rows = []

    def compare(call: SiteCall) -> None:
        site, output = call.site, plan.for_site(call.site).output
        program = f"{call.after} + {site}" if call.after else site
        rows.append(_row(site, program, call.op, call.result.numpy(), wanted[site], output))
        if progress is not None:
            progress(site)

    deployment = Deployment(voice, plan, device, observer=compare)
    spoken = deployment.synthesize(text)
    rows.append(_row("waveform", "waveform", "", spoken.waveform, emulated.waveform, "float32"))
    origin = {
        "voice": {"name": voice.name, "digest": voice.digest},
        "plan": {"name": plan.name, "digest": plan.digest},
        "text": text,
        "device": {
            "target": device.target,
            "board": device.board,
            "arch": device.arch,
            "grid": list(device.grid),
        },
        "buckets": {"phones": deployment.buckets.phones, "frames": deployment.buckets.frames},
    }
    return Agreement(pd.DataFrame(rows, columns=COLUMNS), origin)


def waveform_agreement(
    voice: Voice,
    plan: Plan | str | Path,
    device: Device,
    texts: list[str],
    buckets: Buckets,
) -> list[dict[str, Any]]:
    """Speak texts as a deployment does when it is used, several at once and long ones in pieces.

    Returns a row for the waveform of each text, as those of `Agreement.table`.
    """
    plan = Plan.of(plan)
    spoken = Deployment(voice, plan, device, buckets=buckets).synthesize(texts)
    with as_deployed(voice, plan, "exact", arch=device.arch):
        wanted = voice.synthesize(texts)
    rows = [
        _row("waveform", "waveform", "", found.waveform, emulated.waveform, "float32")
        for found, emulated in zip(spoken, wanted, strict=True)
    ]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def observed_emulation(
    voice: Voice, plan: Plan, text: str, arch: str
) -> tuple[dict[str, np.ndarray], Speech]:
    """The result of every site in the exact tier, in float32, and the speech."""
    values: dict[str, np.ndarray] = {}

    def keep(call: SiteCall) -> None:
        values[call.site] = call.result.numpy()

    with as_deployed(voice, plan, "exact", keep, arch=arch):
        speech = voice.synthesize(text)
    return values, speech


def digest(values: np.ndarray) -> str:
    """Of float32 values, bit by bit."""
    return hashlib.sha256(np.ascontiguousarray(values, np.float32).tobytes()).hexdigest()[:32]


def agreement_name(voice: str, plan: str, arch: str) -> str:
    """Under which name data/simulator/ keeps what the simulator of `arch` gave."""
    whose = [] if voice == DEFAULT_VOICE else [voice.replace(":", "-")]
    chip = [] if arch == Settings().arch else [arch]
    return "-".join([*whose, plan, *chip])


def load_agreement(name: str | Path) -> Agreement:
    """What the simulator gave for a plan: a name in data/simulator/, or a path.

    Raises:
        OSError: there is no such file. ArgumentError: it holds no agreement.
    """
    path = Path(name)
    if path.suffix != ".json":
        path = data_path("simulator", f"{name}.json")
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
        rows = [{"program": row["site"]} | row for row in content.pop("sites")]
        table = pd.DataFrame(rows)[list(COLUMNS)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArgumentError(f"{path}: not an agreement of device and emulator") from error
    return Agreement(table, content)


def _row(
    site: str,
    program: str,
    op: str,
    device_values: np.ndarray,
    wanted: np.ndarray,
    output: str,
) -> tuple:
    if device_values.shape != wanted.shape:
        raise ArgumentError(
            f"{site} has shape {device_values.shape} on the device, {wanted.shape} emulated"
        )
    a, b = (np.ascontiguousarray(x, np.float32) for x in (device_values, wanted))
    differs = a.view(np.uint32) != b.view(np.uint32)
    apart = np.abs(a[differs].astype(np.float64) - b[differs])
    steps = np.abs(_places(a, output)[differs] - _places(b, output)[differs])
    return (
        site,
        program,
        op,
        int(a.size),
        int(differs.sum()),
        float(apart.max(initial=0)),
        int(steps.max(initial=0)),
        digest(a),
    )


def _places(x: np.ndarray, output: str) -> np.ndarray:
    """Numbers of float32, or of bfloat16, counted from 0 through all that there are."""
    pattern = x.view(np.int32).astype(np.int64)
    ordered = np.where(pattern < 0, -(pattern & 0x7FFFFFFF), pattern)
    # Block floats are counted as the bfloat16 numbers that they are.
    return ordered if output in ("float32", "uint32") else ordered >> 16
