import warnings

import pytest

from lightning_v2 import PlanError
from lightning_v2.chapters.your_own_voice.fitting import FittedPlans, PlanFile
from tests.chapters.your_own_voice.conftest import LOW


def test_rules_for_other_voices_are_left_out_and_told(second):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = FittedPlans.of(second, [LOW, "lightning-v2"])
        again = FittedPlans.of(second, found.plans)
    assert [plan.name for plan in found] == ["low", "lightning-v2"]
    (note,) = found.notes
    assert note.startswith("preset lightning-v2: this voice has no site")
    assert not again.notes
    assert note in repr(found)


def test_a_plan_of_somebody_s_own_has_to_fit(second):
    mine = LOW.parse("{name: mine, rules: [{sites: nowhere, weights: float32}]}")
    with pytest.raises(PlanError, match="'nowhere' matches no site"):
        FittedPlans.of(second, [mine])


def test_a_plan_is_shown_as_the_file_that_it_would_be():
    shown = PlanFile(LOW)._repr_html_()
    assert "<summary>low.yaml</summary>" in shown
    assert "weights: bfloat4_b" in shown
    assert LOW.parse(repr(PlanFile(LOW))).digest == LOW.digest
