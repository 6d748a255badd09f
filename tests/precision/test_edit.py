"""Plans made from plans: minimal, readable, and back again through YAML."""

import warnings
from dataclasses import replace

import pytest
import yaml

from lightning_v2.precision import Plan, PlanError, presets
from lightning_v2.precision import edit as plan_edit
from lightning_v2.precision.edit import (
    EditError,
    Move,
    adapted,
    applied,
    fitted,
    groups,
    named,
    plan_of,
    precisions_of,
    with_rule,
)
from lightning_v2.tensix.numbers.sites import Site
from tests.search.stubs import linear
from widgets.explorer.explorer_state import State, loaded

NORM = Site("blocks.0.norm", "layer_norm", 0, 0, 64, 1, ((1, 64), (64,), (64,), (1, 64)))
ADD = Site("blocks.0.add", "add", 0, 0, 0, 1, ((1, 64), (1, 64), (1, 64)))
SITES = [linear(f"blocks.{index}.{end}") for index in range(12) for end in ("up", "down")]


@pytest.fixture(scope="module")
def sites():
    return State("a", "lark", "fp32", Plan.load("bf16")).sites


@pytest.fixture
def base():
    return Plan.load("lightning-v2")


def names(sites, part):
    return [site.name for site in sites if part in site.name]


def precisions(plan, sites):
    return {site.name: plan.for_site(site) for site in sites}


def test_no_change_is_the_plan_itself(base, sites):
    assert plan_edit.with_changes(base, (), sites) is base


def test_a_change_concerns_its_site_alone(base, sites):
    changes = plan_edit.changed(base, (), ["prosody.input"], {"weights": "bfloat16"}, sites)
    before = precisions(base, sites)
    after = precisions(plan_edit.with_changes(base, changes, sites), sites)
    assert {name for name in before if before[name] != after[name]} == {"prosody.input"}
    assert after["prosody.input"].weights == "bfloat16"


def test_sites_that_are_changed_alike_share_a_rule_at_the_end(base, sites):
    wanted = names(sites, "decoder.blocks") + ["duration.output"]
    low = {"math_fidelity": "HiFi3", "fp32_dest_acc_en": False}
    changes = plan_edit.changed(base, (), wanted, low, sites)
    plan = plan_edit.with_changes(base, changes, sites)
    added = yaml.safe_load(plan.to_yaml())["rules"][len(base.rules) :]
    assert len(added) == 1
    assert "decoder.blocks.*.up" in added[0]["sites"]
    assert (added[0]["math_fidelity"], added[0]["fp32_dest_acc_en"]) == ("HiFi3", False)


@pytest.mark.parametrize("preset", ["lightning-v2", "naive", "fp32", "bfp4-lofi"])
def test_yaml_reads_back_to_the_same_precisions(preset, sites):
    base = Plan.load(preset)
    changes = plan_edit.changed(
        base, (), names(sites, "vocoder"), {"weights": "bfloat4_b", "output": "float32"}, sites
    )
    changes = plan_edit.changed(base, changes, names(sites, ".up"), {"weights": "float32"}, sites)
    plan = plan_edit.with_changes(base, changes, sites)
    again = Plan.parse(plan.to_yaml())
    assert precisions(again, sites) == precisions(plan, sites)
    assert (again.name, again.digest) == (plan.name, plan.digest)
    again.check(sites)


def test_what_the_base_has_anyway_is_no_change(base, sites):
    changes = plan_edit.changed(base, (), ["decoder.input"], {"math_fidelity": "HiFi4"}, sites)
    assert len(changes) == 1
    back = plan_edit.changed(base, changes, ["decoder.input"], {"math_fidelity": "LoFi"}, sites)
    assert back == ()


def test_what_makes_no_difference_is_left_alone(sites):
    every = [site.name for site in sites]
    base = named(Plan.load("bf16"), sites)
    changes = plan_edit.changed(base, (), every, {"weights": "float32"}, sites)
    weighty = {site.name for site in sites if site.weights}
    already = {"prosody.pitch"}  # float32 in this plan
    assert {site for site, _, _ in changes} == weighty - already
    assert len(already) < len(weighty) < len(every)


def test_reset_takes_back_the_changes_of_some_sites(base, sites):
    changes = plan_edit.changed(
        base, (), ["decoder.input", "prosody.input"], {"math_fidelity": "HiFi3"}, sites
    )
    assert [site for site, _, _ in plan_edit.without(changes, ["decoder.input"])] == [
        "prosody.input"
    ]


def test_two_plans_never_share_a_name(base, sites):
    plans = {
        plan_edit.with_changes(
            base, plan_edit.changed(base, (), [name], {"output": "float32"}, sites), sites
        ).name
        for name in names(sites, "encoder")
    }
    assert len(plans) == len(names(sites, "encoder"))


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("nowhere", {"weights": "float32"}, "no site 'nowhere'"),
        ("decoder.input", {"colour": "red"}, "'colour' cannot be changed here"),
        ("decoder.input", {"weights": "bfloat3_b"}, "weights cannot be 'bfloat3_b'"),
        ("decoder.input", {"fp32_dest_acc_en": "yes"}, "fp32_dest_acc_en cannot be 'yes'"),
    ],
)
def test_what_no_plan_can_hold_is_refused(base, sites, name, fields, message):
    with pytest.raises(EditError, match=message):
        plan_edit.changed(base, (), [name], fields, sites)


def test_an_output_that_an_operation_does_not_have_is_found_by_the_check(base, sites):
    changes = plan_edit.changed(base, (), ["source.phase"], {"output": "bfloat8_b"}, sites)
    plan = plan_edit.with_changes(base, changes, sites)
    with pytest.raises(PlanError, match=r"lightning-v2 with changes: the output of source\.phase"):
        plan.check(sites)


def test_choices_are_those_that_the_operation_has(sites):
    of = {site.name: plan_edit.choices(site) for site in sites}
    assert of["source.phase"]["output"] == ["uint32", "float32", "bfloat16"]
    assert "weights" not in of["source.phase"]
    assert "uint32" not in of["decoder.input"]["output"]
    assert of["decoder.input"]["fp32_dest_acc_en"] == [True, False]


def test_differences_are_named_site_by_site(base, sites):
    changes = plan_edit.changed(base, (), ["source.phase"], {"output": "bfloat16"}, sites)
    table = plan_edit.differences(base, plan_edit.with_changes(base, changes, sites), sites)
    assert table.to_numpy().tolist() == [["source.phase", "output", "uint32", "bfloat16"]]
    assert plan_edit.differences(base, base, sites).empty


def test_saved_under_the_name_of_its_file(base, sites, tmp_path):
    changes = plan_edit.changed(base, (), ["decoder.input"], {"math_fidelity": "HiFi4"}, sites)
    plan = plan_edit.with_changes(base, changes, sites)
    path = plan_edit.save(plan, tmp_path / "mine.yaml")
    saved = Plan.load(path)
    assert (saved.name, saved.digest) == ("mine", plan.digest)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]


def test_saving_names_what_is_wrong(base, tmp_path):
    with pytest.raises(EditError, match=r"NAME.yaml, not as 'plan.txt'"):
        plan_edit.save(base, tmp_path / "plan.txt")
    with pytest.raises(EditError, match=r"there is no folder .*nowhere"):
        plan_edit.save(base, tmp_path / "nowhere" / "plan.yaml")


def test_a_voice_is_loaded_once():
    assert loaded("lark") is loaded("lark")


@pytest.mark.parametrize("name", presets())
def test_a_plan_of_precisions_says_the_same(name, sites):
    precisions = precisions_of(Plan.load(name), sites)
    plan = plan_of(precisions)
    plan.check(sites)
    assert precisions_of(plan, sites) == precisions
    assert plan_of(precisions_of(plan, sites)).digest == plan.digest


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
    assert adapted(plan, [a, b, c, ADD]).digest == found.digest
    assert len(named(plan, sites).rules) == 1  # nobody has such a role


def test_a_rule_more_wins_and_names_no_line(sites):
    plan = with_rule(Plan.load("bf16"), ("prosody.*", "nowhere"), {"math_fidelity": "LoFi"}, "mine")
    assert (plan.name, plan.for_site("prosody.input").math_fidelity) == ("mine", "LoFi")
    with pytest.raises(PlanError, match="yaml: 'nowhere' matches no site"):
        plan.check(sites)


def test_presets_are_for_any_voice_and_say_what_they_leave_out():
    naive = Plan.load("naive")
    with pytest.warns(UserWarning, match="preset naive: this voice has no site source.phase"):
        other = adapted(naive, [ADD])
    assert other.digest == fitted(naive, [ADD]).digest
    with warnings.catch_warnings(action="error"):
        assert adapted(other, [ADD]) is other


def test_presets_fit_the_voice_that_they_were_made_for(sites):
    with warnings.catch_warnings(action="error"):
        for name in presets():
            plan = Plan.load(name)
            assert adapted(plan, sites).digest == named(plan, sites).digest


def test_a_preset_with_a_rule_more_is_a_plan_of_ones_own():
    plan = with_rule(Plan.load("naive"), ["ghost"], {"weights": "bfloat16"}, "mine")
    assert adapted(plan, [ADD]) is plan


def test_what_a_plan_of_ones_own_names_has_to_be_there():
    plan = Plan.parse("rules: [{sites: ghost, weights: bfloat16}]")
    assert adapted(plan, [ADD]) is plan
