from dataclasses import replace
from pathlib import Path

import pytest

from lightning_v2.precision import Plan, PlanError, presets
from lightning_v2.precision.edit import with_rule
from lightning_v2.precision.plan import nearest
from lightning_v2.tensix import Site, SitePrecision
from tests import fork_server

TEXT = """\
name: example
description: Two rules.
default:
  weights: bfloat8_b
  math_fidelity: LoFi
rules:
  - sites: "*.output"
    math_fidelity: HiFi4
    output: float32
  - sites: [decoder.output, "vocoder.blocks.*.up"]
    fp32_dest_acc_en: true
    in0_block_w: 2
"""


def site(name, op="linear"):
    return Site(name, op, 0, 0, 0, 1, ())


def test_later_rules_win_and_defaults_are_ttnns():
    plan = Plan.parse(TEXT)
    assert plan.for_site("decoder.input") == SitePrecision("bfloat8_b", math_fidelity="LoFi")
    assert plan.for_site("duration.output") == SitePrecision(
        "bfloat8_b", output="float32", math_fidelity="HiFi4"
    )
    decoder = plan.for_site(site("decoder.output"))
    assert decoder.math_fidelity == "HiFi4" and decoder.fp32_dest_acc_en
    assert decoder.in0_block_w == 2
    assert Plan.parse("name: empty").for_site("x") == SitePrecision()


def test_globs_cross_dots_and_mind_case():
    plan = Plan.parse("rules: [{sites: 'a.*.c', output: float32}]")
    assert plan.for_site("a.b.b.c").output == "float32"
    assert plan.for_site("A.b.c").output == "bfloat16"
    assert plan.for_site("a.b.cc").output == "bfloat16"


def test_a_rule_for_roles_is_for_all_sites_that_have_one_of_them():
    plan = Plan.parse("rules: [{roles: [phase, f0], output: float32}, {sites: b, output: uint32}]")
    given = [("a", "phase"), ("b", "f0"), ("a", "sound"), ("a", "")]
    formats = [plan.for_site(replace(site(name), role=role)).output for name, role in given]
    assert formats == ["float32", "uint32", "bfloat16", "bfloat16"]
    assert plan.for_site("a", "f0").output == "float32" and plan.for_site("a").output == "bfloat16"
    plan.check([site("b", "an accumulator")])  # a role that no site has is no mistake


def test_an_output_that_a_role_cannot_have():
    plan = Plan.parse("rules:\n  - roles: [f0, phase]\n    output: uint32", "mine.yaml")
    with pytest.raises(PlanError, match=r"mine.yaml:2: the output of a \(linear\)"):
        plan.check([replace(site("a"), role="phase")])


def test_round_trip_through_yaml():
    plan = Plan.parse(TEXT)
    again = Plan.parse(plan.to_yaml())
    assert (again.digest, again.name, again.description) == (
        plan.digest,
        plan.name,
        plan.description,
    )
    for name in presets():
        preset = Plan.load(name)
        assert Plan.parse(preset.to_yaml()).digest == preset.digest
    for whose in ("roles: f0", "roles: [f0, phase]", "sites: f0"):
        one = Plan.parse(f"rules: [{{{whose}, output: float32}}]")
        assert Plan.parse(one.to_yaml()).digest == one.digest
    assert (
        len(
            {
                Plan.parse(f"rules: [{{{w}: f0, output: float32}}]").digest
                for w in ("roles", "sites")
            }
        )
        == 2
    )
    bare = Plan.parse("default: {weights: bfloat8_b}")
    assert Plan.parse(bare.to_yaml()).digest == bare.digest


def test_a_plan_names_the_weights_that_learned_it():
    plan, other = (Plan.parse(f"adapted: {name}\n{TEXT}") for name in ("mine", "yours"))
    assert (plan.adapted, Plan.parse(TEXT).adapted) == ("mine", "")
    assert len({plan.digest, other.digest, Plan.parse(TEXT).digest}) == 3
    again = Plan.parse(plan.to_yaml())
    assert (again.adapted, again.digest) == ("mine", plan.digest)
    assert with_rule(plan, ["decoder.*"], {"output": "float32"}, "edited").adapted == "mine"


def test_digest_is_of_the_meaning():
    plan = Plan.parse(TEXT)
    assert Plan.parse("# a comment\n" + TEXT.replace("example", "other")).digest == plan.digest
    assert Plan.parse(TEXT.replace("LoFi", "HiFi2")).digest != plan.digest
    swapped = Plan.parse(TEXT)
    object.__setattr__(swapped, "rules", plan.rules[::-1])
    assert swapped.digest != plan.digest


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rules:\n  - roles: fase\n    output: float32", 2, ["no role 'fase'", "'phase'"]),
        ("rules:\n  - roles: [f0, x]\n    output: float32", 2, ["no role 'x'"]),
        ("rules:\n  - {sites: a, roles: f0, output: float32}", 2, ["either sites or roles"]),
        ("rules:\n  - roles: []\n    output: float32", 2, ["roles is empty"]),
        ("default:\n  weigths: bfloat16", 2, ["'weigths'", "'weights'"]),
        ("default:\n  weights: bfp8", 2, ["'bfp8'", "'bfloat8_b'"]),
        ("default:\n  weights: bfloat4", 2, ["'bfloat4'", "'bfloat4_b'"]),
        ("default:\n  math_fidelity: lofi", 2, ["'lofi'", "'LoFi'"]),
        ("default:\n  math_fidelity: [LoFi]", 2, ["math_fidelity", "a list"]),
        ("default:\n  fp32_dest_acc_en: 1", 2, ["'1'", "true or false"]),
        ("default:\n  fp32_dest_acc_en: 'true'", 2, ["true or false"]),
        ("default:\n  in0_block_w: 0", 2, ["'0'", "whole number"]),
        ("default:\n  in0_block_w: true", 2, ["whole number"]),
        ("default:\n  output: uint32", 2, ["uint32", "integer accumulator"]),
        ("default:\n  weights: uint32", 2, ["'uint32'"]),
        ("default:\n  weights: bfloat16\n  weights: float32", 3, ["'weights'", "twice"]),
        ("name: x\ndefaults: {}", 2, ["'defaults'", "'default'"]),
        ("default: bfloat16", 1, ["default", "mapping"]),
        ("- a\n- b", 1, ["mapping", "name, description, adapted, default, rules"]),
        ("name:\n  a: b", 2, ["name", "text"]),
        ("rules:\n  sites: a", 2, ["rules", "list"]),
        ("rules:\n  - site: a\n    output: float32", 2, ["'site'", "'sites'"]),
        ("rules:\n  - output: float32", 2, ["sites"]),
        ("rules:\n  - sites: a", 2, ["no field"]),
        ("rules:\n  - sites: []\n    output: float32", 2, ["sites", "empty"]),
        ("rules:\n  - sites: [a, {b: c}]\n    output: float32", 2, ["sites", "text"]),
        ("rules:\n  - sites: a\n    output: float23", 3, ["'float23'", "'float32'"]),
        ("rules:\n  - just words", 2, ["a rule", "mapping"]),
        ("name: x\n  bad: indent: here", 2, ["no YAML"]),
        ("name: 'open", 1, ["no YAML"]),
        ("", None, ["empty"]),
    ],
)
def test_errors_name_line_and_nearest_word(text, line, words):
    with pytest.raises(PlanError) as error:
        Plan.parse(text, "plans/mine.yaml")
    assert error.value.line == line
    assert str(error.value).startswith(f"plans/mine.yaml:{line}: " if line else "plans/mine.yaml: ")
    for word in words:
        assert word in str(error.value)


def test_empty_sections_are_fine():
    plan = Plan.parse("name: x\nrules:\n")
    assert plan.rules == () and plan.for_site("a") == SitePrecision()


def test_check_names_the_line_of_the_glob():
    plan = Plan.parse(TEXT, "mine.yaml")
    sites = [site("duration.output"), site("decoder.output"), site("vocoder.blocks.0.up")]
    plan.check(sites)
    with pytest.raises(
        PlanError, match=r"matches no site; did you mean 'duration.output'"
    ) as error:
        plan.check([*sites[:1], site("vocoder.blocks.0.up")])
    assert error.value.line == 10 and "'decoder.output'" in str(error.value)
    with pytest.raises(PlanError, match=r"matches no site$"):
        plan.check([])


def test_check_of_output_formats():
    plan = Plan.parse("rules:\n  - sites: a\n    output: uint32", "mine.yaml")
    plan.check([site("a", "accumulator of somebody's own")])
    with pytest.raises(
        PlanError, match=r"mine.yaml:2: the output of a \(linear\) cannot be 'uint32'"
    ):
        plan.check([site("a")])


def test_load_by_name_and_path(tmp_path):
    assert Plan.load("lightning-v2").name == "lightning-v2"
    path = tmp_path / "mine.yaml"
    path.write_text("default: {weights: bfloat4_b}", encoding="utf-8")
    plan = Plan.load(path)
    assert plan.name == "mine" and plan.default == {"weights": "bfloat4_b"}
    assert Plan.load(str(path)).digest == plan.digest


def test_load_of_what_is_not_there(tmp_path):
    with pytest.raises(PlanError, match="did you mean 'lightning-v2'"):
        Plan.load("lightning")
    with pytest.raises(PlanError, match="cannot be read"):
        Plan.load(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="cannot be read"):
        Plan.load(tmp_path / "binary.yaml")


def test_nearest():
    assert nearest("HIFI3", ["LoFi", "HiFi2", "HiFi3"]) == "HiFi3"
    assert nearest("zzz", ["a"]) == "a"
    assert nearest("a", []) is None


@pytest.mark.parametrize("name", presets())
def test_presets_say_why(name):
    """Every rule of a preset has a comment above it, or follows one that has."""
    plan = Plan.load(name)
    assert plan.name == name and plan.description
    text = Path(plan.source).read_text(encoding="utf-8")
    paragraphs = text.partition("rules:\n")[2].split("\n\n")
    assert plan.rules and all(paragraph.strip().startswith("#") for paragraph in paragraphs)


def test_only_the_naive_preset_sums_the_phase_in_floating_point():
    for name in presets():
        output = Plan.load(name).for_site("source.phase").output
        assert output == ("bfloat16" if name == "naive" else "uint32")


CHECKED = """
from lightning_v2.model import load
from lightning_v2.precision import Plan, PlanError, voice_sites
{}
try:
    Plan.parse("rules: [{{sites: source.phase, output: bfloat8_b}}]").check(voice_sites(load()))
except PlanError as error:
    print(error)
"""


@pytest.mark.parametrize("imported", ["", "import lightning_v2.deployment.emulate"])
def test_what_is_legal_does_not_depend_on_what_was_imported(imported):
    said = fork_server.python(CHECKED.format(imported))
    assert "the output of source.phase (phase) cannot be 'bfloat8_b', only uint32" in said
