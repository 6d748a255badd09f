import numpy as np
import pytest
import torch

from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.training.distillation.dataset import Dataset
from lightning_v2.training.distillation.losses import Targets, head_losses
from lightning_v2.training.distillation.solve import solve_linear
from lightning_v2.training.distillation.trainer import ENERGY_SCALE, Trainer
from lightning_v2.training.loop import Schedule


@pytest.fixture(scope="module")
def solved(lessons):
    data = Dataset(lessons, torch.device("cpu"))
    trainer = Trainer(NaturalConfig(), Schedule("blocks", 1), data)
    solve_linear(trainer.network, trainer.config, data, ENERGY_SCALE)
    return trainer


def test_heads_say_what_the_teacher_says_of_its_own_hidden_values(solved):
    generator = np.random.default_rng(0)
    chosen = solved.data.draw(2, generator, 20, True)
    crop = solved.data.crop(chosen, generator, 20, 0, True)
    x = torch.nn.functional.layer_norm(crop.hidden[:, :, -1], (256,))
    targets = Targets.of(crop.spectra, crop.f0, solved.config)
    with torch.no_grad():
        losses = head_losses(solved.network.vocoder.head, x, targets, crop.inner)
    assert losses["harmonic"] < 0.02
    assert losses["free"] < 0.02
    assert losses["harmonic_phase"] < 1e-3
    assert losses["free_phase"] < 1e-3
