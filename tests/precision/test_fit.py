"""Plans that fit a voice."""

import warnings
from dataclasses import replace

import pytest

from lightning_v2.precision import Plan, presets
from lightning_v2.precision.edit import with_rule
from lightning_v2.precision.fit import fitted, for_voice, named
from lightning_v2.tensix.numbers.sites import Site
from widgets.explorer.explorer_state import State

ADD = Site("blocks.0.add", "add", 0, 0, 0, 1, ((1, 64), (1, 64), (1, 64)))


@pytest.fixture(scope="module")
def sites():
    return State("a", "lark", "fp32", Plan.load("bf16")).sites


def test_rules_of_another_model_are_left_out(sites):
    naive = Plan.load("naive")
    assert fitted(naive, sites).digest == naive.digest
    other = fitted(naive, [ADD])
    other.check([ADD])
    assert other.for_site(ADD) == naive.for_site(ADD) and len(other.rules) < len(naive.rules)
    two = Plan.parse("rules: [{sites: [nowhere, blocks.*.add], output: float32}]")
    assert fitted(two, [ADD]).rules[0].globs == ("blocks.*.add",)


def test_roles_become_the_names_of_those_who_have_them(sites):
    plan = Plan.parse(
        "rules: [{sites: 'blocks.*', output: float32}, {roles: [source, phase], output: bfloat8_b}]"
    )
    a, b, c = (
        replace(ADD, name=f"{x}.0.add", role=role)
        for x, role in zip("abc", ("source", "", "phase"), strict=True)
    )
    found = named(plan, [a, b, c, ADD])
    assert [found.for_site(site.name).output for site in (a, b, c)] == [
        plan.for_site(site).output for site in (a, b, c)
    ]
    assert found.rules[1].globs == ("a.*.add", "c.*.add") and not found.rules[1].roles
    assert for_voice(plan, [a, b, c, ADD]).digest == found.digest
    assert len(named(plan, sites).rules) == 1  # nobody has such a role


def test_presets_are_for_any_voice_and_say_what_they_leave_out():
    naive = Plan.load("naive")
    with pytest.warns(UserWarning, match="preset naive: this voice has no site source.phase"):
        other = for_voice(naive, [ADD])
    assert other.digest == fitted(naive, [ADD]).digest
    with warnings.catch_warnings(action="error"):
        assert for_voice(other, [ADD]) is other


def test_presets_fit_the_voice_that_they_were_made_for(sites):
    with warnings.catch_warnings(action="error"):
        for name in presets():
            plan = Plan.load(name)
            assert for_voice(plan, sites).digest == named(plan, sites).digest


def test_a_preset_with_a_rule_more_is_a_plan_of_ones_own():
    plan = with_rule(Plan.load("naive"), ["ghost"], {"weights": "bfloat16"}, "mine")
    assert for_voice(plan, [ADD]) is plan


def test_what_a_plan_of_ones_own_names_has_to_be_there():
    plan = Plan.parse("rules: [{sites: ghost, weights: bfloat16}]")
    assert for_voice(plan, [ADD]) is plan
