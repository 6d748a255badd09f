"""The voice on the simulator beside the emulator. Minutes: kernels are compiled and simulated."""

import json

import pytest

from lightning_v2.deployment.agreement import load_agreement
from lightning_v2.model import load
from lightning_v2.precision import voice_sites
from tests.deployment.device_process import run_on_simulator

HOUR = 3600


def compare(device, plan, text):
    from lightning_v2.deployment.agreement import agreement

    return json.loads(json.dumps(agreement(load(), plan, device, text).to_dict(), default=list))


def waveforms(device, plan, texts, buckets):
    from lightning_v2.deployment.agreement import waveform_agreement
    from lightning_v2.deployment.buckets import Buckets

    buckets = Buckets(**{name: tuple(x) if name == "frames" else x for name, x in buckets.items()})
    return waveform_agreement(load(), plan, device, texts, buckets)


@pytest.mark.timeout(HOUR + 60)
@pytest.mark.parametrize("plan", ["lightning-v2", "bf16"])
def test_every_site_has_the_bits_of_the_emulator(plan):
    found = run_on_simulator(compare, plan, "Hi.", timeout_s=HOUR)
    sites = {site.name for site in voice_sites(load())}
    assert {row["site"] for row in found["sites"]} == sites | {"waveform"}
    assert [row["site"] for row in found["sites"] if row["different"]] == []
    stored = load_agreement(plan).table.set_index("site").digest
    assert {row["site"]: row["digest"] for row in found["sites"]} == dict(stored)


@pytest.mark.timeout(HOUR + 60)
@pytest.mark.parametrize(
    "texts, buckets",
    [
        # Two at once, one of them in pieces.
        (["Yes.", "Good morning."], {"frames": (96, 128), "batch": 2, "rows": 256}),
        # Enough rows to be sharded by height.
        (["Hi."], {"frames": (1024,)}),
    ],
)
def test_other_buckets_have_the_bits_of_the_emulator(texts, buckets):
    found = run_on_simulator(waveforms, "lightning-v2", texts, buckets, timeout_s=HOUR)
    assert [row["different"] for row in found] == [0] * len(texts)
