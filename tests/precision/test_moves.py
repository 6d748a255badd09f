"""Sites turned low by the hundred, and the plan that says it."""

import pytest

from lightning_v2.precision import Plan, presets
from lightning_v2.precision.moves import Move, applied, groups, plan_of, precisions_of
from lightning_v2.tensix.numbers.sites import Site
from tests.search.stubs import linear
from widgets.explorer.explorer_state import State

NORM = Site("blocks.0.norm", "layer_norm", 0, 0, 64, 1, ((1, 64), (64,), (64,), (1, 64)))
ADD = Site("blocks.0.add", "add", 0, 0, 0, 1, ((1, 64), (1, 64), (1, 64)))
SITES = [linear(f"blocks.{index}.{end}") for index in range(12) for end in ("up", "down")]


@pytest.fixture(scope="module")
def sites():
    return State("a", "lark", "fp32", Plan.load("bf16")).sites


@pytest.mark.parametrize("name", presets())
def test_a_plan_of_precisions_says_the_same(name, sites):
    precisions = precisions_of(Plan.load(name), sites)
    plan = plan_of(precisions)
    plan.check(sites)
    assert precisions_of(plan, sites) == precisions
    assert plan_of(precisions_of(plan, sites)).digest == plan.digest


def test_a_plan_of_precisions_keeps_the_weights_that_are_asked_for(sites):
    precisions = precisions_of(Plan.load("bf16"), sites)
    plan = plan_of(precisions, adapted="mine")
    assert plan.adapted == "mine" and not plan_of(precisions).adapted
    assert plan.digest != plan_of(precisions).digest


def test_moves_and_the_globs_that_say_them():
    start = precisions_of(Plan.parse("default: {math_fidelity: HiFi4}"), SITES)
    up = [site for site in SITES if site.name.endswith("up")]
    moves = [
        Move.of("up", up, {"math_fidelity": "LoFi"}),
        Move.of("one", SITES[1:2], {"weights": "bfloat8_b", "in0_block_w": 2}),
        Move.of("one", SITES[1:2], {"weights": "bfloat4_b"}),
    ]
    plan = plan_of(applied(start, moves), "mine", "words")
    assert (plan.name, plan.description) == ("mine", "words")
    rules = {rule.globs: rule.fields for rule in plan.rules}
    assert rules[("blocks.0.down",)] == {"weights": "bfloat4_b", "in0_block_w": 2,
                                        "math_fidelity": "HiFi4"}  # fmt: skip
    assert start == precisions_of(Plan.parse("default: {math_fidelity: HiFi4}"), SITES)
    assert plan.for_site("blocks.11.up").math_fidelity == "LoFi"
    assert plan.for_site("blocks.11.down").math_fidelity == "HiFi4"
    assert plan.for_site("blocks.11.down").in0_block_w is None
    assert ["blocks.*.down"] not in [list(globs) for globs in rules]  # 0 is another matter
    uniform = plan_of(applied(start, [moves[0]]))
    assert [rule.globs for rule in uniform.rules] in ([("blocks.*.up",)], [("blocks.*.down",)])


def test_a_star_takes_no_site_that_does_not_belong():
    nested = [linear(name) for name in ("a.0.up", "a.1.up", "a.1.b.2.up", "c.up")]
    precisions = precisions_of(
        Plan.parse("{default: {}, rules: [{sites: [a.0.up, a.1.up], weights: float32}]}"), nested
    )
    assert precisions_of(plan_of(precisions), nested) == precisions


def test_groups_hold_what_a_field_matters_to():
    some = [*SITES[:2], NORM, ADD]
    assert list(groups(some, {"weights": "bfloat8_b"})) == ["blocks.0.up", "blocks.0.down"]
    assert list(groups(some, {"math_fidelity": "LoFi"}))[-1] == "blocks.0.norm"
    assert list(groups(some, {"output": "float32"}))[-1] == "blocks.0.add"
    phase = Site("source.phase", "phase", 0, 0, 0, 1, ((1, 8), (1, 2048)))
    assert list(groups([phase], {"output": "bfloat16"})) == ["source.phase"]
    assert list(groups([phase, ADD], {"activations": "bfloat8_b"})) == ["blocks.0.add"]
    found = groups(SITES, {"weights": "bfloat4_b"}, ["*.up", "blocks.1.*"])
    assert [len(members) for members in found.values()] == [12, 1]


def test_a_group_may_have_a_name_and_several_globs():
    globs = {"first": ["blocks.0.*", "blocks.1.up"], "rest": ["*"]}
    found = groups(SITES, {"weights": "bfloat4_b"}, globs)
    assert [site.name for site in found["first"]][:3] == ["blocks.0.up", "blocks.0.down",
                                                          "blocks.1.up"]  # fmt: skip
    everything = groups(SITES, {"weights": "bfloat4_b"}, ["*"])["*"]
    assert len(found["first"]) + len(found["rest"]) == len(everything)


@pytest.mark.parametrize(
    ("low", "globs", "reason"),
    [
        ({"weight": "bfloat8_b"}, None, "unknown field 'weight'; did you mean 'weights'"),
        ({"weights": "bfloat2_b"}, None, "weights cannot be 'bfloat2_b'"),
        ({"weights": "bfloat8_b"}, ["*", "*.up"], "'\\*.up' matches no site"),
    ],
)
def test_groups_refuse(low, globs, reason):
    with pytest.raises(ValueError, match=reason):
        groups(SITES, low, globs)
