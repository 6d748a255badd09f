import json
from dataclasses import replace

import pytest
import torch

from lightning_v2.adaptation.trainer import LOG, STATE, Schedule
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan
from tests.adaptation.conftest import SCHEDULE, TEXTS


def same(a, b):
    return all(torch.equal(x, b[name]) for name, x in a.items())


def test_a_few_steps_make_a_hard_plan_easier(make_trainer, tmp_path):
    trainer = make_trainer()
    first = trainer._copied()
    trainer.run(tmp_path, progress=False)
    done = trainer.progress
    assert done.best < 0.9 * done.before
    assert done.best_step > 0 and not same(first, trainer.best)
    rows = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 4, 8, 12]
    assert rows[0]["held_out"] == done.before
    assert min(row["held_out"] for row in rows) == done.best


@pytest.mark.parametrize("stop", [3, 4, 7])
def test_what_was_killed_goes_on_to_the_same_bits(make_trainer, tmp_path, stop, monkeypatch):
    whole = make_trainer()
    whole.run(tmp_path, progress=False)

    class Killed(Exception):
        pass

    broken, folder = make_trainer(), tmp_path / "broken"
    folder.mkdir()
    step = broken.train_step

    def until():
        if broken.progress.step == stop:
            raise Killed
        return step()

    monkeypatch.setattr(broken, "train_step", until)
    with pytest.raises(Killed):
        broken.run(folder, save_every_s=0, progress=False)
    resumed = make_trainer()
    resumed.resume(folder / STATE)
    assert resumed.progress.step == stop
    resumed.run(folder, progress=False)
    assert resumed.progress == whole.progress
    assert same(resumed.weights, whole.weights) and same(resumed.best, whole.best)


def test_a_state_of_other_settings_is_refused(make_trainer, tmp_path, hard):
    trainer = make_trainer()
    trainer.save(tmp_path / STATE)
    for other, what in (
        (make_trainer(schedule=replace(SCHEDULE, steps=9)), "another steps:"),
        (make_trainer(texts=TEXTS[:3]), "another texts:"),
        (make_trainer(plans=[Plan.load("bf16")]), "another plan:"),
    ):
        with pytest.raises(ArgumentError, match=what):
            other.resume(tmp_path / STATE)
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:999])
    with pytest.raises(ArgumentError, match="is damaged"):
        make_trainer().resume(tmp_path / STATE)


def test_it_stops_where_nothing_is_gained(make_trainer, tmp_path):
    schedule = Schedule(steps=100, rate=1e-12, warm_up=1, every=1, patience=3)
    trainer = make_trainer(schedule=schedule)
    monkey = iter([1.0, 0.9, 0.95, 0.95, 0.95, 0.0])
    trainer._look = lambda log, **also: next(monkey)
    trainer.run(tmp_path, progress=False)
    assert (trainer.progress.step, trainer.progress.best_step) == (4, 1)
    assert trainer.progress.best == 0.9
    before = (tmp_path / STATE).read_bytes()
    again = make_trainer(schedule=schedule)
    again.resume(tmp_path / STATE)
    again.run(tmp_path, progress=False)  # it is over
    assert (tmp_path / STATE).read_bytes() == before


def test_the_rate_rises_and_falls():
    schedule = Schedule(steps=100, rate=1.0, warm_up=10)
    rates = [schedule.rate_at(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) < 1
    assert rates.index(max(rates)) == 9
    assert rates[100] == pytest.approx(0.01)


def test_weights_are_trained_as_the_plan_rounds_them(make_trainer, hard):
    """The loss of float weights and of weights that are rounded already is the same."""
    trainer = make_trainer()
    lesson = trainer.teacher.lesson(TEXTS[0])
    with torch.no_grad():
        (policy,) = trainer.policies
        before = float(trainer.loss(lesson, policy))
        weight = trainer.weights["decoder.blocks.0.up.weight"]
        from lightning_v2.tensix import from_torch

        weight.copy_(from_torch(weight.t(), "bfloat4_b").values.t())
        assert float(trainer.loss(lesson, policy)) == before


def test_of_several_plans_each_step_takes_the_next_one(make_trainer, hard):
    """The held-out loss is the mean of all."""
    plans = [hard, Plan.load("fp32")]
    both, apart = make_trainer(plans=plans), [make_trainer(plans=[plan]) for plan in plans]
    lesson = both.teacher.lesson(TEXTS[0])
    with torch.no_grad():
        losses = [float(one.loss(lesson, one.policies[0])) for one in apart]
        assert [float(both.loss(lesson, policy)) for policy in both.policies] == losses
    assert losses[1] < losses[0]
    assert both.train_step() == apart[0].train_step()
    second = apart[1]
    with torch.no_grad():
        for name, weight in both.weights.items():
            second.weights[name].copy_(weight)
    second.progress.step = 1
    assert both.train_step() == second.train_step()


def test_feedback_along_the_sum_can_be_trained_through(make_trainer, hard):
    plan = Plan.parse(hard.to_yaml().replace("default:", "default:\n  weights_rounding: feedback"))
    trainer = make_trainer(plans=[plan])
    assert trainer.train_step() > 0
    assert trainer.weights["decoder.blocks.0.up.weight"].grad.abs().sum() > 0


def test_a_sound_that_is_not_finite_is_an_error(make_trainer):
    trainer = make_trainer()
    with torch.no_grad():
        trainer.weights["decoder.input.bias"].fill_(torch.inf)
    with pytest.raises(ArgumentError, match="nothing can be trained under plan hard: of 'Two"):
        trainer.train_step()


def test_no_gradient_is_an_error(make_trainer):
    trainer = make_trainer()
    trainer.loss = lambda lesson, policy: sum(0 * x.sum() for x in trainer.weights.values())
    with pytest.raises(ArgumentError, match="does not depend on any weight"):
        trainer.train_step()
