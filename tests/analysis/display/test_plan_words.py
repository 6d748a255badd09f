"""What is said of a plan is counted from it."""

from lightning_v2.analysis.display.plan_words import PlanWords
from lightning_v2.precision import Plan, presets, voice_sites
from lightning_v2.tensix.numbers.sites import Site

PLAN = """
name: mixed
description: One of each.
default: {math_fidelity: LoFi, weights: bfloat8_b, weights_rounding: fidelity}
rules:
  - {sites: large, math_fidelity: HiFi4, weights: bfloat4_b, weights_rounding: nearest}
"""


def linear(name, m, k, n):
    return Site(name, "linear", m * k * n, k * n, 0, 1, ((1, m, k), (n, k), (1, m, n)))


def words_of(text):
    sites = [*(linear(f"small.{i}", 64, 32, 32) for i in range(3)), linear("large", 64, 512, 512)]
    return PlanWords(Plan.parse(text).coverage(sites))


def test_every_share_is_said_and_what_there_is_none_of():
    fidelities, formats, roundings = words_of(PLAN).lines()
    assert fidelities == "Sites of the matrix engine: 3 LoFi, 0 HiFi2, 0 HiFi3, 1 HiFi4."
    assert formats == (
        "Of 0.15 MB of constants 2.17 % bfloat8_b, 97.83 % bfloat4_b; nothing is in float32 or "
        "bfloat16."
    )
    assert roundings.endswith("packed: 1 nearest, 3 fidelity, 0 feedback.")


def test_what_is_said_changes_with_the_plan():
    without = words_of(PLAN.replace("bfloat4_b", "bfloat8_b"))
    assert without.lines()[1] == (
        "Of 0.28 MB of constants 100 % bfloat8_b; nothing is in float32 or bfloat16 or bfloat4_b."
    )
    assert "nothing is in" in without._repr_html_() and "mixed: One of each." in repr(without)


def test_shipped_plans_are_described_as_they_are(voice):
    sites = voice_sites(voice)
    for name in presets():
        coverage = Plan.load(name).coverage(sites)
        _, formats, _ = PlanWords(coverage).lines()
        there, _, nothing = formats.partition("; nothing is in ")
        for dtype in ("bfloat8_b", "bfloat4_b"):
            used = coverage.share("weights", dtype, of="weight_bytes") > 0
            assert (dtype in there, dtype in nothing) == (used, not used)
