"""Two small voices, and a plan that is hard on them."""

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.adaptation.lessons import Teacher, Texts
from lightning_v2.adaptation.trainer import Schedule, Trainer
from lightning_v2.precision import Plan
from tests.model.natural.conftest import natural_folder  # noqa: F401

TEXTS = ("Seven ships sailed.", "Two came back!", "Ships sailed back.", "Two ships came.")
HARD = """
name: hard
default:
  {weights: bfloat4_b, activations: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}
rules:
  - {sites: source.phase, output: uint32}
  - {sites: ["vocoder.*cosines", "vocoder.*sines"], weights: bfloat16, math_fidelity: HiFi4}
"""
SCHEDULE = Schedule(steps=12, rate=5e-3, warm_up=2, every=4)


@pytest.fixture
def small(natural_folder):  # noqa: F811
    """A fresh natural voice of small sizes and random weights."""
    return lv2.load(natural_folder)


@pytest.fixture
def teacher(small):
    return Teacher(small, 0, torch.device("cpu"))


@pytest.fixture
def hard():
    return Plan.parse(HARD)


@pytest.fixture
def make_trainer(natural_folder, hard):  # noqa: F811
    """make_trainer(plans=(hard,), schedule=SCHEDULE, texts=TEXTS): one of the small voice."""

    def make(plans=(hard,), schedule=SCHEDULE, texts=TEXTS):
        speaker, pupil = lv2.load(natural_folder), lv2.load(natural_folder)
        taught = Teacher(speaker, 0, torch.device("cpu"))
        return Trainer(
            pupil.model, taught, taught.survey(texts), plans, Texts(texts[1:], texts[:1]), schedule
        )

    return make


@pytest.fixture
def sound():
    """sound(seed=0): one second of noise that swells, float32 (24000,)."""

    def make(seed=0):
        noise = np.random.default_rng(seed).standard_normal(24000)
        return torch.from_numpy((noise * np.hanning(24000)).astype(np.float32))

    return make
