"""Plans made from plans: minimal, readable, and back again through YAML."""

import pytest
import yaml

from lightning_v2.precision import Plan, PlanError
from lightning_v2.precision import edit as plan_edit
from lightning_v2.precision.edit import EditError, with_rule
from lightning_v2.precision.fit import named
from widgets.explorer.explorer_state import State, loaded


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


def test_a_rule_more_wins_and_names_no_line(sites):
    plan = with_rule(Plan.load("bf16"), ("prosody.*", "nowhere"), {"math_fidelity": "LoFi"}, "mine")
    assert (plan.name, plan.for_site("prosody.input").math_fidelity) == ("mine", "LoFi")
    with pytest.raises(PlanError, match="yaml: 'nowhere' matches no site"):
        plan.check(sites)
