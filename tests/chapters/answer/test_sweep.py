"""A small voice of another architecture, swept once."""

from dataclasses import replace

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.chapters.answer.sweep import (
    FIDELITIES,
    FORMATS,
    PHASE,
    PLANS,
    WHOLE,
    Sweep,
    Try,
    groups_of,
    sweep,
)
from lightning_v2.chapters.answer.sweep_chart import RANGE, chart, versions
from lightning_v2.chapters.answer.sweep_tables import lowest_sheet, try_sheet
from lightning_v2.chapters.answer.sweep_words import least_tolerant, weights_words
from lightning_v2.precision import Plan
from tests import second_voice

TEXT = "seven silver ships sail past the wall"
HIGH = Plan.parse("{name: high, default: {math_fidelity: HiFi4, fp32_dest_acc_en: true}}")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    voice = second_voice.load(second_voice.install(tmp_path_factory.mktemp("site-packages")))
    return sweep(voice, TEXT, [HIGH])


def tries(found, group):
    return [one for one in found.tries if one.group == group]


def test_every_part_in_every_format_and_fidelity(found):
    whole = tries(found, WHOLE)
    levels = [(name, fidelity) for name in FORMATS for fidelity in FIDELITIES]
    assert [(one.series, one.column) for one in whole] == levels
    counts = {one.group: one.sites for one in found.tries}
    assert len(counts) > 2 and PHASE not in counts
    assert counts.pop(PLANS) == counts.pop(WHOLE) == sum(counts.values())
    assert [one.series for one in tries(found, PLANS)] == ["high"]


def test_a_running_phase_is_a_group_of_its_own():
    groups = groups_of(lv2.load())
    assert groups[PHASE] == ["source.phase"]
    assert "source.phase" not in {*groups[WHOLE], *groups["source"]}
    assert {"front end", "durations", "F0", "decoder", "inverse STFT"} < {*groups}


def test_less_precision_uses_more_of_the_limits(found):
    best, *_, worst = tries(found, WHOLE)
    assert best.most < worst.most and not worst.kept and worst.nearest in worst.used
    assert not np.array_equal(worst.speech.waveform, found.reference.waveform)
    assert worst.speech.plan == "bfloat4_b LoFi in the whole voice"


def test_a_clip_a_try_and_the_reference_first(found):
    clips = versions(found)
    assert len(clips) == 1 + len(found.tries)
    assert clips[0][0] == "reference" and clips[0][1] is found.reference.waveform
    assert len({label for label, *_ in clips}) == len(clips)


def test_the_marks_of_the_chart_are_the_clips(found):
    drawn = chart(found)
    marks = [mark for panel in drawn["panels"] for mark in panel["marks"]]
    assert [mark["clip"] for mark in marks] == list(range(1, 1 + len(found.tries)))
    assert all(
        mark["kept"] == one.kept and mark["value"] in (one.most, None)
        for mark, one in zip(marks, found.tries, strict=True)
    )
    assert {panel["title"] for panel in drawn["panels"]} == {one.group for one in found.tries}
    assert drawn["range"] == RANGE and "emulated, fast tier" in drawn["caption"]


def made(*used):
    """A sweep of one part in bfloat16 that uses so much of a limit in each fidelity."""
    some = (
        Try("decoder", 2, "bfloat16", column, None, {"PESQ-WB": value})
        for column, value in zip(FIDELITIES, used, strict=True)
    )
    return Sweep(None, tuple(some), "fast")


@pytest.mark.parametrize(
    ("used", "lowest", "first"),
    [
        ((0.1, 0.2, 0.3), "LoFi", "nothing"),
        ((0.1, 0.2, 1.5), "HiFi2", "bfloat16, LoFi: PESQ-WB: 1.50 of its limit"),
        ((0.1, 1.5, 0.3), "HiFi4", "bfloat16, HiFi2: PESQ-WB: 1.50 of its limit"),
        (
            (np.inf, 1.5, 3),
            "none",
            "bfloat16, HiFi4: PESQ-WB: there are some, where the limit allows none",
        ),
    ],
)
def test_the_lowest_that_keeps_all_limits(used, lowest, first):
    (row,) = lowest_sheet(made(*used)).frame.to_dict("records")
    assert (row["weights in bfloat16"], row["what breaks first"]) == (lowest, first)
    assert row["weights in bfloat8_b"] == "–"


def test_all_tries_are_folded_away():
    sheet = try_sheet(made(0.9999, 1.0001, 2))
    assert sheet.shown == 0
    assert sheet.frame["share of it that is used (1: all of it)"].tolist() == [
        "0.9999",
        "1.0001",
        "2.00",
    ]
    assert sheet.frame["kept"].tolist() == ["yes", "no", "no"]


def tried(group, *used, series="bfloat8_b"):
    return tuple(
        Try(group, 2, series, column, None, {"PESQ-WB": value})
        for column, value in zip(FIDELITIES, used, strict=False)
    )


def test_what_tolerates_least_is_counted():
    tries = tried("decoder", 0.1, 0.2, 1.5) + tried("F0", 0.1, 1.5, 2) + tried(WHOLE, 2, 2, 2)
    words = "What tolerates least: F0. Tries that keep all limits: 1 of 3."
    assert least_tolerant(Sweep(None, tries, "fast")).text == words
    words = "What tolerates least: running phase. Tries that keep all limits: none."
    assert least_tolerant(Sweep(None, (*tries, *tried(PHASE, 9)), "fast")).text == words
    assert least_tolerant(made(0.1, 0.2, 0.3)).text.startswith("No part breaks a limit")


def plan_tried(used):
    low = Try(PLANS, 9, "lightning-v2", "lightning-v2", None, {"PESQ-WB": used})
    return Sweep(None, (*tried(WHOLE, 0.1, 0.2, 1.5), low), "fast")


def test_weights_that_have_learned_a_plan_are_told():
    voice, plans = lv2.load(), [Plan.load("bf16"), Plan.load("lightning-v2")]
    words = weights_words(plan_tried(0.9), plans, voice).text
    assert words.startswith("Parts, and the whole voice, speak with the voice's own weights")
    assert "bear this plan, rounded to what its fidelity takes of them: so it keeps all" in words
    assert words.endswith("where the whole voice with its own breaks some in LoFi, bfloat8_b.")
    assert "bf16" not in words
    broken = weights_words(plan_tried(1.2), plans, voice).text
    assert broken.endswith("it uses 1.20 of its nearest limit on this sentence.")
    own = replace(voice, adapted={})
    assert weights_words(plan_tried(0.9), plans, own).text.endswith("takes of them.")
