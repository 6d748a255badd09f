"""Faster or slower, and why, from costs of programs made by hand."""

from dataclasses import replace

from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.chapters.time_and_money.time_changes import TimeChanges
from lightning_v2.economics.board import board
from lightning_v2.economics.money.prices import prices
from lightning_v2.economics.sentence import Cost, Stage
from tests.economics.programs import elementwise, product


def cost(plan, batch, fetched=2**20, programs=None):
    """Costs of one stage that sends the host `fetched` bytes a run."""
    programs = programs or (product(), elementwise())
    stage = Stage("speech", "frames 256", batch, programs, 2, 4000, 1, fetched)
    return Cost("lark", plan, board("p150"), batch, 2.5, (stage,))


def asked(*others):
    named = {"bf16": (cost("bf16", 1), cost("bf16", 64))}
    named |= {several[0].plan: several for several in others}
    return PurchaseQuestion("p150", tuple(named), {"p150": named}, prices(), 0.25, 1000)


def wide(fetched=2**21):
    *most, last = cost("low", 1).stages[0].programs
    results = tuple(replace(x, dtype="float32") for x in last.results)
    programs = (*most, replace(last, results=results))
    return tuple(cost("low", batch, fetched, programs) for batch in (1, 64))


def test_what_bounds_it_is_counted():
    alone, together = TimeChanges(asked()).lines()
    base = cost("bf16", 1)
    share = base.time.engine / base.latency_s
    assert alone.startswith(f"A sentence alone: of the time of bf16 {share:.0%} goes to products")
    assert f"{1 - share:.0%} would be left" in alone
    assert together.startswith("64 sentences at once: ")


def test_a_loss_is_said_to_be_one_with_its_cause():
    _, alone, _, together = TimeChanges(asked(wide())).lines()
    assert alone.startswith("A sentence alone: low is slower than bf16 and takes 1")
    assert "host transfers " in alone and " ms more (speech sends the host 2048 KiB" in alone
    assert "that of bf16 1024, as its result is float32 and not bfloat16)" in alone
    assert together.startswith("64 sentences at once: low is slower than bf16")


def test_a_gain_and_another_measure():
    _, alone, *_ = TimeChanges(asked(wide()), "low").lines()
    assert alone.startswith("A sentence alone: bf16 is faster than low and takes ")
    assert "ms less (speech sends the host 1024 KiB a sentence, that of low 2048" in alone


def test_more_programs_are_counted():
    programs = (product(), elementwise(), elementwise())
    more = tuple(cost("low", batch, programs=programs) for batch in (1, 64))
    _, alone, *_ = TimeChanges(asked(more)).lines()
    assert ", mostly: " in alone
    assert "ms more (3 programs, bf16 has 2)" in alone


def test_the_same_is_as_fast():
    same = tuple(cost("low", batch) for batch in (1, 64))
    _, alone, *_ = TimeChanges(asked(same)).lines()
    assert alone == "A sentence alone: low is as fast as bf16 and takes 100% of its time."


def test_a_voice_that_no_device_runs_has_a_reason():
    nothing = replace(asked(), costs={}, reason="no device runs it")
    assert TimeChanges(nothing).lines() == ["no device runs it"]
    assert "no device runs it" in TimeChanges(nothing)._repr_html_()
