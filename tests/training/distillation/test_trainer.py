from dataclasses import replace

import pytest
import torch

from lightning_v2.training.distillation.dataset import Dataset
from lightning_v2.training.distillation.stages import join
from lightning_v2.training.distillation.trainer import STAGES, Trainer
from lightning_v2.training.loop import Schedule
from tests.training.resuming import assert_goes_on
from tests.untrained import SMALL

SIZES = replace(  # of the teacher
    SMALL, width=192, heads=2, layers=3, text=128, text_heads=2, prosody_blocks=6, channels=256,
    decoder_blocks=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def data(lessons):
    return Dataset(lessons, torch.device("cpu"))


def schedule(stage, steps=4):
    return Schedule(stage, steps, crops=2, crop_steps=16, warm_up=1)


@pytest.mark.parametrize("stage", STAGES)
def test_losses_of_a_stage_fall(data, stage):
    steps = 80 if stage == "prosody" else 16  # whole sentences: edges reach far
    trainer = Trainer(SIZES, Schedule(stage, 40, crops=2, crop_steps=steps, warm_up=1), data)
    first = sum(map(float, trainer.train_step().values()))
    for _ in range(20):
        last = sum(map(float, trainer.train_step().values()))
    assert last < 0.95 * first


@pytest.mark.parametrize(
    ("stage", "parts"),
    [
        ("parts", {"encoder", "duration", "prosody", "text"}),
        ("acoustic", {"encoder", "duration", "prosody", "text"}),
        ("prosody", {"prosody"}),
        ("blocks", {"decoder"}),
        ("vocoder", {"decoder", "vocoder"}),
        ("joint", {"text", "decoder", "vocoder"}),
    ],
)
def test_what_a_stage_trains(data, stage, parts):
    trainer = Trainer(SIZES, schedule(stage), data)
    before = {name: value.clone() for name, value in trainer.network.named_parameters()}
    trainer.train_step()
    moved = {
        name.partition(".")[0]
        for name, value in trainer.network.named_parameters()
        if value.grad is not None and not torch.equal(value, before[name])
    }
    assert moved == parts


def test_a_broken_run_goes_on_to_the_same_weights(data, tmp_path):
    assert_goes_on(lambda: Trainer(SIZES, schedule("vocoder"), data), tmp_path)


def test_two_halves_become_one(data, tmp_path):
    averages = {}
    for stage in ("prosody", "vocoder"):
        trainer = Trainer(SIZES, schedule(stage), data)
        trainer.train_step()
        (tmp_path / stage).mkdir()
        trainer.save(tmp_path / stage / "state.pt")
        averages[stage] = trainer.average.state_dict()
    joined = join(tmp_path)
    assert torch.equal(joined["prosody.pitch.weight"], averages["prosody"]["prosody.pitch.weight"])
    name = "vocoder.head.free_angle.output.weight"
    assert torch.equal(joined[name], averages["vocoder"][name])
