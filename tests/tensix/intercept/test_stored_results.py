"""Results that are bfloat16 already are not rounded again, and nobody can tell."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix.numbers import stored

LOW = tensix.SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True)
ODD = 0.1234567  # no bfloat16


class Written(nn.Module):
    """A result that is written to before the next site reads it."""

    def __init__(self, write):
        super().__init__()
        self.first, self.second, self.write = nn.Linear(32, 32), nn.Linear(32, 32), write

    def forward(self, x):
        y = self.first(x)
        self.write(y)
        return self.second(y.T.contiguous().T)


def _item(y):
    y[0] = ODD


def _by_numpy(y):
    y.numpy()[0] = ODD


def _out(y):
    torch.add(torch.full_like(y, ODD), 0, out=y)


WRITES = {
    "nothing": lambda y: None,
    "item": _item,
    "method": lambda y: y.fill_(ODD),
    "operator": lambda y: y.__iadd__(ODD),
    "masked": lambda y: y.masked_fill_(y > 0, ODD),
    "switch": lambda y: F.relu(y, inplace=True),
    "out": _out,
    "numpy": _by_numpy,
}


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("name", WRITES)
def test_the_bits_are_those_of_rounding_always(name, inference, monkeypatch):
    torch.manual_seed(0)
    module, x = Written(WRITES[name]), torch.randn(8, 32)

    def run():
        mode = torch.inference_mode() if inference else torch.no_grad()
        with mode, tensix.use("fast"), tensix.intercept(module, lambda site: LOW):
            return module(x).numpy()

    found = run()
    monkeypatch.setattr(stored, "keep", lambda x: None)
    assert (found == run()).all()


def test_nothing_is_remembered_after_an_interception():
    module, seen = nn.Linear(32, 32), []
    with torch.no_grad(), tensix.use("fast"), tensix.intercept(module, lambda site: LOW):
        seen.append(module(torch.randn(8, 32)))
        assert stored.is_bfloat16(seen[0])
    assert not stored.is_bfloat16(seen[0])
