"""What is said of a plan that is shipped, by records that are made up."""

from dataclasses import replace

import pytest

import lightning_v2 as lv2
from lightning_v2.chapters.answer.verdict import Shipped
from lightning_v2.precision import Plan
from tests.search.test_check_record import BAD, GOOD, made


@pytest.fixture(scope="module")
def voice():
    return lv2.load()


def shipped(voice, values=GOOD, plan="bf16"):
    record = replace(made(values), voice=voice.name, voice_digest=voice.digest)
    return Shipped(Plan.load(plan), voice, record)


def test_the_verdict_and_the_limit_that_is_nearest(voice):
    words = shipped(voice)
    verdict, what, nearest, reach = words.lines()
    assert what == f"What it is: {words.plan.description}"
    assert verdict == f"bf16 for lark: equivalent, with {len(words.record.controls)} controls."
    assert reach.startswith("It is a verdict on lark alone: another voice needs a check of its own")
    assert nearest.startswith("Nearest to its limit: ") and "is asked" in nearest
    assert "no panel has listened" in "".join(words.details())
    assert "<details>" in words._repr_html_()


def test_a_record_without_controls_says_so_first(voice):
    words = shipped(voice)
    alone = replace(words, record=replace(words.record, controls=()))
    assert alone.lines()[0] == "bf16 for lark: equivalent, without controls."
    assert "0 of 0" not in repr(alone)


def test_what_fails_is_what_is_farthest_beyond(voice):
    verdict, _, nearest, _ = shipped(voice, BAD).lines()
    assert verdict.startswith("bf16 for lark: not equivalent, with ")
    assert verdict.endswith("; fails: PESQ-WB; frames above 4 dB LSD.")
    assert "frames above 4 dB LSD (teacher-forced)" in nearest


def test_a_record_of_another_plan_is_no_verdict(voice):
    verdict, _, other = shipped(voice, plan="naive").lines()
    assert verdict.startswith("naive: no verdict on this plan and voice")
    assert other.startswith("This record is of another plan")


def test_a_plan_without_a_record_is_not_tested(voice):
    words = Shipped.of("naive", voice)
    assert words.lines()[0] == f"naive: not tested with voice {voice.name}."
    assert "lightning-v2 check naive --voice" in words._repr_html_()
    assert "<details>" not in words._repr_html_()
