import pytest
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.training.recordings.dataset import Dataset
from lightning_v2.training.recordings.distance import distance
from lightning_v2.training.recordings.tuner import Tuner, TuningSchedule
from tests.training.resuming import assert_goes_on
from tests.untrained import SMALL

HELD_OUT = "a_0"


@pytest.fixture(scope="module")
def data(takes):
    keys = [key for key in takes.keys if key != HELD_OUT]
    return Dataset(takes, keys, torch.device("cpu"))


@pytest.fixture(scope="module")
def small():
    """With random weights; what it knows of phones does not matter here."""
    torch.manual_seed(0)
    return NaturalVoice("small", NaturalNetwork(SMALL).eval().requires_grad_(False), SMALL, {})


def schedule(stage, steps=4, **settings):
    known = {"crops": 2, "crop_steps": 24, "warm_up": 1, "start": "x", "takes": 4, "held_out": 1}
    return TuningSchedule(stage, steps, **known | settings)


@pytest.mark.parametrize(
    ("stage", "parts"),
    [("prosody", {"encoder", "duration", "prosody"}), ("vocoder", {"decoder", "vocoder"})],
)
def test_what_a_stage_trains(data, small, stage, parts):
    tuner = Tuner(small, schedule(stage), data)
    before = {name: value.clone() for name, value in tuner.network.named_parameters()}
    tuner.train_step()
    after = dict(tuner.network.named_parameters())
    moved = {n.partition(".")[0] for n, value in before.items() if not torch.equal(value, after[n])}
    assert moved == parts
    assert all(torch.equal(x, before[n]) for n, x in small.model.named_parameters())


@pytest.mark.parametrize("stage", ["prosody", "vocoder"])
def test_a_broken_run_goes_on_to_the_same_weights(data, small, stage, tmp_path):
    assert_goes_on(lambda: Tuner(small, schedule(stage), data), tmp_path)


@pytest.mark.parametrize("changed", [{"start": "y"}, {"takes": 5}, {"held_out": 0}, {"seed": 2}])
def test_a_state_of_another_training_is_refused(data, small, changed, tmp_path):
    Tuner(small, schedule("prosody"), data).save(tmp_path / "state.pt")
    with pytest.raises(ArgumentError, match="made with other settings"):
        Tuner(small, schedule("prosody", **changed), data).resume(tmp_path / "state.pt")


def test_a_few_steps_bring_a_voice_nearer_to_who_it_has_not_heard_say_this(data, lark, takes):
    """The other speaker is lark a third higher and brighter: both must be learned."""
    held_out = [takes.take(HELD_OUT)]
    before = distance(lark.model, held_out)
    assert before["f0_median_cents"] > 300
    weights = None
    for stage, steps, rate in (("prosody", 30, 1e-3), ("vocoder", 20, 1e-3)):
        tuner = Tuner(lark, schedule(stage, steps, learning_rate=rate), data)
        if weights:
            tuner.start_from(weights)
        for _ in range(steps):
            tuner.train_step()
        weights = tuner.average.state_dict()
    after = distance(tuner.average.eval(), held_out)
    assert after["f0_median_cents"] < 0.5 * before["f0_median_cents"]
    assert after["lsd_db"] < 0.95 * before["lsd_db"]
