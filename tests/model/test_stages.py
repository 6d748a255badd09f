import cloudpickle
import pytest
import torch
from torch import nn

from lightning_v2.errors import ArgumentError
from lightning_v2.model.stages import Stages, arguments, as_module, folded, fresh, waveform


def test_what_one_returns_the_next_is_given():
    row = Stages(
        {
            "both": lambda a, b: (a + b, a - b),
            "named": lambda s, d: {"x": s, "y": d},
            "last": lambda *, x, y: [x * y],
        }
    )
    assert row(torch.tensor(5.0), torch.tensor(3.0)) == [16.0]
    packed = nn.utils.rnn.pack_sequence([torch.ones(2, 1)])
    assert arguments(packed) == ((packed,), {})


def test_modules_have_the_names_of_their_stages():
    row = as_module({"acoustic": nn.Linear(2, 2), "turn": torch.t, "vocoder": nn.Linear(2, 2)})
    assert [name for name, _ in row.named_children()] == ["acoustic", "vocoder"]
    assert [name for name, _ in as_module([nn.ReLU(), nn.GELU()]).named_children()] == ["0", "1"]
    assert as_module(row) is row


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([], "no stages"),
        ({"a.b": nn.ReLU()}, "'a.b' cannot be the name of a stage"),
        ({"forward": nn.ReLU()}, "'forward' cannot be"),
    ],
)
def test_names_that_modules_cannot_have(stages, words):
    with pytest.raises(ArgumentError, match=words):
        Stages(stages)


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.parametrizations.weight_norm])
def test_a_folded_copy_says_the_same(norm):
    net = nn.Sequential(norm(nn.Linear(4, 4)), nn.Dropout()).train()
    found, x = folded(net), torch.ones(1, 4)
    assert torch.equal(found(x), net.eval()(x)) and not found.training
    assert {name for name, _ in found.named_parameters()} == {"0.weight", "0.bias"}
    assert len(list(net.parameters())) == 3 and cloudpickle.loads(cloudpickle.dumps(found))


def test_arguments_are_copies():
    made = torch.Generator().manual_seed(4)
    x = torch.ones(2, requires_grad=True) * 3  # no leaf: torch itself would not copy it
    given = {"x": x, "more": {"noise": made, "words": ["a"]}}
    net = Stages([lambda x, more: x])
    (_, kwargs), (_, again) = (fresh(net, given) for _ in range(2))
    kwargs["x"].detach().zero_()
    assert x.sum() == again["x"].sum() == 6
    first = torch.rand(2, generator=kwargs["more"]["noise"])
    assert torch.equal(first, torch.rand(2, generator=again["more"]["noise"]))
    assert kwargs["more"]["words"] is not given["more"]["words"]


def test_arguments_that_forward_does_not_take():
    with pytest.raises(ArgumentError, match=r"Linear.forward: .*'input' \(a dict holds keyword"):
        fresh(nn.Linear(2, 2), {"y": torch.ones(2)})
    with pytest.raises(ArgumentError, match=r"Linear.forward: too many positional arguments$"):
        fresh(nn.Linear(2, 2), (torch.ones(2), 3))


def test_the_sound_of_what_is_returned():
    wave = torch.arange(4, dtype=torch.float16)
    for returned in (wave, wave[None, None], (wave, "more"), [[wave[None]], 1]):
        found = waveform(returned)
        assert found.dtype == torch.float32 and found.tolist() == [0, 1, 2, 3]
    assert waveform(torch.ones(1, 1)).shape == (1,)
    with pytest.raises(ArgumentError, match="not a dict: add a stage"):
        waveform({"wave": wave})
    with pytest.raises(ArgumentError, match=r"one sound, not \(2, 4\)"):
        waveform(torch.ones(2, 4))
