"""The arithmetic of the phase, exchanged."""

from dataclasses import replace

import pytest

from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.edit import EditError
from lightning_v2.precision.phase import other_phases, with_other_phase, with_phase
from lightning_v2.tensix.numbers.sites import Site
from lightning_v2.voices import load

ADD = Site("blocks.0.add", "add", 0, 0, 0, 1, ((1, 64), (1, 64), (1, 64)))


@pytest.fixture(scope="module")
def sites():
    return voice_sites(load())


@pytest.mark.parametrize("output", ["uint32", "float32", "bfloat16"])
def test_with_phase_changes_that_site_and_no_other(output, sites):
    plan = Plan.load("naive")
    changed = with_phase(plan, output, sites)
    assert changed.for_site("source.phase").output == output
    assert changed.for_site("decoder.input") == plan.for_site("decoder.input")
    assert changed.name.startswith("naive with ") and changed.digest != plan.digest


def test_with_phase_of_another_format(sites):
    with pytest.raises(ValueError, match="output is 'bfloat8_b'; legal are 'uint32', 'float32'"):
        with_phase(Plan.load("bf16"), "bfloat8_b", sites)


def test_with_other_phase_is_the_opposite(sites):
    assert with_other_phase(Plan.load("fp32"), sites).name == "fp32 with bfloat16 phase"
    assert with_other_phase(Plan.load("naive"), sites).name == "naive with exact phase"


def test_the_phase_is_found_by_what_it_does_not_by_its_name():
    sums = Site("oscillator.turns", "phase", 0, 0, 0, 1, ((1, 8), (1, 2048)))
    plan = with_phase(Plan.parse("default: {}"), "bfloat16", [ADD, sums])
    assert plan.for_site("oscillator.turns").output == "bfloat16"
    plan.check([ADD, sums])
    with pytest.raises(EditError, match="none of 1 sites sums a phase"):
        with_other_phase(plan, [ADD])


def test_a_phase_that_is_a_float_is_exchanged_with_all_that_carries_it():
    carried = [replace(ADD, name=f"source.{i}", role="phase") for i in range(3)]
    plan = with_other_phase(Plan.load("bf16"), [ADD, *carried])
    assert {plan.for_site(site.name).activations for site in carried} == {"bfloat16"}
    (exact,) = other_phases(plan, [ADD, *carried])
    precisions = [exact.for_site(site.name) for site in carried]
    assert {(p.activations, p.output) for p in precisions} == {("float32", "float32")}
    assert exact.for_site(ADD.name) == plan.for_site(ADD.name)
    assert other_phases(plan, [ADD]) == ()
