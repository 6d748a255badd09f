import pytest
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.training.loop import Loop, Schedule, at
from tests.untrained import SMALL


class Pull(Loop):
    """Pulls one bias to 3."""

    stages = ("bias",)

    def losses(self, generator):
        return {"bias": (self.network.duration.output.bias - 3).abs().sum()}


def loop(**settings):
    schedule = Schedule(**{"stage": "bias", "steps": 40, "learning_rate": 0.2} | settings)
    torch.manual_seed(0)
    return Pull(NaturalNetwork(SMALL), SMALL, schedule)


def test_a_stage_that_it_does_not_have():
    with pytest.raises(ArgumentError, match="stage is 'pitch': must be one of bias"):
        loop(stage="pitch")


def test_the_rate_rises_and_falls_along_a_cosine():
    course = loop(warm_up=4, learning_rate=1.0)
    rates = []
    for course.step in (0, 1, 20, 40):
        rates.append(course.learning_rate())
    assert rates == pytest.approx([0.25, 0.4992, 0.505, 0.01], abs=1e-3)


def test_it_ends_where_it_should_and_keeps_an_average(tmp_path):
    course = loop(warm_up=1)
    course.run(tmp_path)
    assert course.step == 40
    ours, average = (x.duration.output.bias.item() for x in (course.network, course.average))
    assert average != ours and abs(average - 3) < 0.3 and abs(ours - 3) < 0.3
    again = loop(warm_up=1)
    again.resume(tmp_path / "state.pt")
    assert (again.step, again.average.duration.output.bias.item()) == (40, average)


def test_a_state_of_another_schedule_or_a_damaged_one_is_refused(tmp_path):
    loop().save(tmp_path / "state.pt")
    with pytest.raises(ArgumentError, match="made with other settings"):
        loop(steps=41).resume(tmp_path / "state.pt")
    (tmp_path / "state.pt").write_bytes(b"nothing")
    with pytest.raises(ArgumentError, match="is damaged"):
        loop().resume(tmp_path / "state.pt")


def test_what_is_known_of_phones_at_steps():
    phones = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert at(phones, torch.tensor([[1, 0, 1]])).tolist() == [[[3, 4], [1, 2], [3, 4]]]
