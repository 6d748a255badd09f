"""hibari on mock devices: all that ttnn checks, and what it asks of a device."""

import warnings

import numpy as np
import pytest

from lightning_v2 import load
from lightning_v2.deployment.deployment import Deployment
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.rehearsal import rehearse
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import voice_sites
from tests.deployment.device_process import run_on_mock

PHONES, FRAMES = (32, 64), (128, 256)


def built(device, plan):
    """Both buckets, and one sentence, whose durations are the shortest that there are."""
    warnings.simplefilter("ignore")
    deployment = Deployment(load("hibari"), plan, device, buckets=Buckets(PHONES, FRAMES))
    prepared = list(deployment.prepare())
    stages = deployment.report.stages
    speech = deployment.synthesize("Hi.")
    deployment.close()
    return {
        "prepared": prepared,
        "sites": deployment.sites,
        "stages": [[stage.stage, stage.bucket, stage.board] for stage in stages],
        "fits": [stage.fits for stage in stages],
        "programs": [stage.programs for stage in stages],
        "captured": len(stages),
        "speech": [speech.plan, speech.tier, len(speech.phonemes), len(speech.waveform)],
        "finite": bool(np.isfinite(speech.waveform).all()),
        "weights": [deployment.weights.packed, deployment.weights.loaded],
    }


@pytest.mark.parametrize(("board", "plan"), [("n150", "bf16"), ("p150", "lightning-v2")])
def test_the_whole_voice_in_every_bucket(board, plan, tmp_path):
    told = run_on_mock(board, built, plan, XDG_CACHE_HOME=str(tmp_path), timeout_s=240)
    assert told["sites"] == {site.name: site.op for site in voice_sites(load("hibari"))}
    assert told["prepared"] == ["frames 128, phones 32", "frames 256, phones 64"]
    parts = [("part 1", 32), ("part 2", 128), ("wave", 128)]
    parts += [("part 1", 64), ("part 2", 256), ("wave", 256)]
    assert told["stages"] == [[stage, f"rows {rows}", board] for stage, rows in parts]
    assert all(told["fits"]) and min(told["programs"]) > 20
    assert told["captured"] == len(parts)
    *origin, phones, samples = told["speech"]
    assert origin == [plan, "mock"]
    assert told["finite"] and samples == phones * 2 * 300
    assert told["weights"][0] > 100 and told["weights"][1] == 0


def test_a_rehearsal(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(UserWarning, match="preset bf16"):
        found = rehearse("bf16", voice="hibari", buckets=Buckets.of_frames((128,)))
    assert [stage.stage for stage in found.report.stages] == ["part 1", "part 2", "wave"]
    assert len(found.programs) > 10 and set(found.operations["stage"]) >= {"part 1", "wave"}


def together(device):
    buckets = Buckets(PHONES, FRAMES, batch=2)
    with pytest.raises(ArgumentError, match="one sentence at a time; batch must be 1"):
        Deployment(load("hibari"), "bf16", device, buckets=buckets)


def test_several_sentences_at_once():
    run_on_mock("n150", together)
