"""The voice on the simulator beside the emulator. Minutes: kernels are compiled and simulated."""

import json

import pytest

from lightning_v2 import load
from lightning_v2.deployment.agreement import agreement_name, load_agreement
from lightning_v2.precision import voice_sites
from lightning_v2.resources import data_path
from tests.deployment.device_process import run_on_simulator

HOUR = 3600


def compare(device, voice, plan, text):
    from lightning_v2.deployment.agreement import agreement

    found = agreement(load(voice), plan, device, text)
    return json.loads(json.dumps(found.to_dict(), default=list))


def together(device, plan, texts):
    from lightning_v2.deployment.agreement import waveform_agreement
    from lightning_v2.deployment.lowering.buckets import Buckets

    small = Buckets(frames=(96, 128), batch=2, rows=256)
    return waveform_agreement(load(), plan, device, texts, small)


@pytest.mark.timeout(HOUR + 60)
@pytest.mark.parametrize(
    ("voice", "plan"), [("lark", "lightning-v2"), ("lark", "bf16"), ("hibari", "bf16")]
)
def test_every_site_has_the_bits_of_the_emulator(voice, plan, arch):
    found = run_on_simulator(compare, voice, plan, "Hi.", timeout_s=HOUR)
    assert found["device"]["arch"] == arch
    sites = {site.name for site in voice_sites(load(voice))}
    assert {row["site"] for row in found["sites"]} == sites | {"waveform"}
    assert [row["site"] for row in found["sites"] if row["different"]] == []
    kept = data_path("simulator", f"{agreement_name(voice, plan, arch)}.json")
    if kept.exists():
        stored = load_agreement(kept).table.set_index("site").digest
        assert {row["site"]: row["digest"] for row in found["sites"]} == dict(stored)


@pytest.mark.timeout(HOUR + 60)
def test_batches_and_pieces_have_the_bits_of_the_emulator():
    found = run_on_simulator(together, "lightning-v2", ["Yes.", "Good morning."], timeout_s=HOUR)
    assert [row["different"] for row in found] == [0, 0]
