"""What hangs on how the engine reads SrcB beside bfloat16 in SrcA: one sentence, said both ways.

docs/limits.md, "An open question".
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.analysis.metrics.audio_metrics import lsd_db, pesq_wb_mos, snr_db
from lightning_v2.deployment.speak import speak
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import FLOAT32, Plan
from lightning_v2.tensix.numbers.configuration import SRCB_READINGS


@dataclass(frozen=True, eq=False)
class Readings:
    """One sentence under a plan in the exact tier, with SrcB read in both ways.

    Attributes:
        plan: its name.
        reference: the sentence in float32.
        said: reading -> the sentence, with the durations and F0 of the reference.
        different: site -> share of its values that differ in any bit.
    """

    plan: str
    reference: Speech
    said: dict[str, Speech]
    different: dict[str, float]

    def row(self) -> dict[str, object]:
        """The figures, a unit in every name."""
        rate, right = self.reference.sample_rate, self.reference.waveform
        own, srca = (self.said[reading].waveform for reading in SRCB_READINGS)
        row: dict[str, object] = {
            "plan": self.plan,
            "sites that differ": f"{sum(map(bool, self.different.values()))} of "
            f"{len(self.different)}",
            "values that differ (%)": round(100 * float(np.mean([*self.different.values()])), 1),
        }
        for name, wave in (("own", own), ("srca", srca)):
            row[f"{name}: PESQ (MOS)"] = round(pesq_wb_mos(right, wave, rate), 3)
            row[f"{name}: spectrum (dB)"] = round(float(lsd_db(right, wave, rate).mean()), 3)
            row[f"{name}: SNR (dB)"] = round(snr_db(right, wave), 2)
        row["one against the other: SNR (dB)"] = round(snr_db(own, srca), 2)
        return row


def both_readings(voice: Voice, text: str, plan: Plan | str, seed: int = 0) -> Readings:
    """Say a sentence with SrcB read by its own format, and in the style of SrcA."""
    plan = Plan.of(plan)
    reference = speak(voice, text, FLOAT32, seed=seed)
    said, values = {}, {}
    for reading in SRCB_READINGS:
        seen: dict[str, torch.Tensor] = {}

        def keep(call: tensix.SiteCall, seen: dict[str, torch.Tensor] = seen) -> None:
            seen[call.site] = call.result.detach().clone()

        with tensix.use(srcb=reading):
            said[reading] = speak(
                voice, text, plan, "exact", seed=seed, forced=reference, observer=keep
            )
        values[reading] = seen
    own, srca = (values[reading] for reading in SRCB_READINGS)
    different = {
        site: float((own[site].view(torch.int32) != srca[site].view(torch.int32)).double().mean())
        for site in own
    }
    return Readings(plan.name, reference, said, different)


def readings_table(voice: Voice, text: str, plans: list[str], seed: int = 0) -> Sheet:
    """A row a plan."""
    rows = [both_readings(voice, text, plan, seed).row() for plan in plans]
    caption = (
        f"{text!r}, exact tier, with the durations and F0 of float32; values are counted site by "
        "site, after what differs before. Emulated: which of the two a card does, nobody knows."
    )
    return Sheet(pd.DataFrame(rows), caption)
