"""The natural voice on mock devices: all that ttnn checks, and what it asks of a device."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from lightning_v2 import load, tensix
from lightning_v2.deployment import deployment as module
from lightning_v2.deployment.deployment import Deployment
from lightning_v2.deployment.emulate import emulate
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.precision import voice_sites
from tests.deployment.device_process import run_on_mock

MOST_PROGRAMS = 240
"""Of one sentence of 256 frames, all stages."""

LONG = "It says one thing after the other, with a comma and no end that anybody could see."


def built(device, plan, cache):
    """One bucket."""
    buckets = Buckets(phones=(64,), frames=(256,))
    deployment = Deployment(load("lark"), plan, device, buckets=buckets, cache=Path(cache))
    prepared = list(deployment.prepare())
    stages = deployment.report.stages
    told = {
        "prepared": prepared,
        "sites": deployment.sites,
        "stages": [[x.stage, x.bucket, x.board, x.fits, x.uploads, x.downloads] for x in stages],
        "programs": sum(stage.programs for stage in stages),
    }
    deployment.close()
    return told


def spoken(device, plan, cache):
    """The same, and a sentence in two parts beside another one, all in pieces."""
    told = built(device, plan, cache)
    buckets = Buckets(phones=(64,), frames=(128,), batch=2, rows=256)
    deployment = Deployment(load("lark"), plan, device, buckets=buckets, cache=Path(cache))
    speech = deployment.synthesize([LONG, "Hi."])
    told["parts"] = [len(one.frames) for one in speech]
    told["samples"] = [len(one.waveform) - 300 * sum(one.frames) for one in speech]
    told["origin"] = [
        [one.plan, one.tier, len(one.durations) - len(one.phonemes)] for one in speech
    ]
    told["weights"] = [deployment.weights.packed, deployment.weights.loaded]
    return told


def assert_built(told, board):
    assert told["prepared"] == ["frames 256, phones 64"]
    assert told["sites"] == {site.name: site.op for site in voice_sites(load("lark"))}
    assert told["stages"] == [
        ["encode", "phones 64", board, True, 4, 1],
        ["prosody", "frames 256, phones 64", board, True, 2, 2],
        ["speech", "frames 256, phones 64", board, True, 7, 2],
    ]
    assert told["programs"] <= MOST_PROGRAMS


def test_the_whole_voice_on_blackhole(tmp_path):
    told = run_on_mock("p150", built, "bf16", str(tmp_path), timeout_s=240)
    assert_built(told, "p150")


def test_the_whole_voice_on_wormhole(tmp_path):
    told = run_on_mock("n150", spoken, "lightning-v2", str(tmp_path), timeout_s=240)
    assert_built(told, "n150")
    assert told["parts"] == [2, 1] and told["samples"] == [0, 0]
    assert told["origin"] == [["lightning-v2", "mock", 0]] * 2
    assert told["weights"][0] == 0 and told["weights"][1] > 100


def test_bits_are_those_of_the_emulation_in_any_batch(natural, monkeypatch):
    """On a device that is the emulated chip."""
    monkeypatch.setattr(module, "TtnnOps", lambda device: tensix)
    monkeypatch.setattr(module, "FusingOps", lambda ops: ops)
    for name in ("Weights", "DeviceStages"):
        monkeypatch.setattr(module, name, lambda *args, **options: None)
    device = SimpleNamespace(target="mock", board="n150")
    texts = ["Seven ships sailed.", "Two came back!"]
    with emulate(natural, "bf16", tier="fast"):
        wanted = natural.synthesize(texts, seed=3)
        forced = natural.synthesize(texts[0], seed=3, forced=wanted[0])
    buckets = Buckets(phones=(32,), frames=(128,), batch=2, rows=256)
    with tensix.use("fast"):
        deployment = Deployment(natural, "bf16", device, buckets=buckets)
        spoken = deployment.synthesize(texts, seed=3)
        again = deployment.synthesize(texts[0], seed=3, forced=wanted[0])
    for one, other in zip([*spoken, again], [*wanted, forced], strict=True):
        assert one.phonemes == other.phonemes and one.frames == other.frames
        for name in ("durations", "f0", "waveform"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert (one.plan, one.tier) == ("bf16", "mock")
