"""A check against the float32 of another voice."""

import pandas as pd
import pytest

from lightning_v2.analysis.verdict.equivalence import judge
from lightning_v2.precision import Plan
from lightning_v2.search.check import plan_units
from lightning_v2.search.check_record import Check, Reference
from lightning_v2.search.sweep.measurements import free_running, plan_text, teacher_forced
from lightning_v2.search.sweep.voices import digest_of, voice

TEXT = "Now."


def test_units_name_both_voices():
    plan = Plan.load("fp32")
    units = plan_units(plan, [TEXT], voice="hibari", reference="lark")
    given = {unit.measurement: unit.parameters for unit in units}
    assert given["alone"]["voice"] == "lark"
    for name in ("teacher_forced", "free_running"):
        assert given[name]["voice"] == "hibari" and given[name]["reference"] == "lark"
    (alone,) = [unit for unit in units if unit.measurement == "alone"]
    assert not [u for u in plan_units(plan, [TEXT], voice="lark") if "reference" in u.parameters]
    assert alone.parameters == {"voice": "lark", "seed": 0, "sentence": TEXT}


def test_both_weights_belong_to_a_unit():
    alone = digest_of({"voice": "hibari"})
    assert digest_of({"voice": "hibari", "reference": None}) == alone
    assert digest_of({"voice": "hibari", "reference": "lark"}) == f"{alone} {voice('lark').digest}"
    assert digest_of({"plan": "x"}) == ""


@pytest.mark.parametrize("measure", [teacher_forced, free_running])
def test_another_voice_is_far_away(measure):
    plan = plan_text(Plan.parse("default: {fp32_dest_acc_en: true, math_fidelity: HiFi4}"))
    itself = measure("hibari", TEXT, plan, "fast")
    named = measure("hibari", TEXT, plan, "fast", reference="hibari")
    other = measure("hibari", TEXT, plan, "fast", reference="lark")
    assert named == itself
    assert itself["mel_rmse_db"] < 0.5 * other["mel_rmse_db"]


def test_a_record_says_so():
    rows = pd.DataFrame({"pesq_wb_mos": [4.6] * 60})
    record = Check(
        Plan.load("bf16"), "new", "d" * 64, "fast", 0, tuple(map(str, range(60))),
        judge({"teacher-forced": rows}), (), {}, ("code",), 9999, 60,
        reference=Reference("old", "e" * 64),
    )  # fmt: skip
    assert "held against float32 of voice old" in record.notes
    again = Check.from_dict(record.to_dict())
    assert again == record and again.reference == Reference("old", "e" * 64)
