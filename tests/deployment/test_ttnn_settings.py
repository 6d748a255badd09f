"""Plans as the settings of ttnn's calls."""

import json

import pytest

import lightning_v2 as lv2
from lightning_v2.cli.main import main
from lightning_v2.deployment.cycles import cycles
from lightning_v2.precision import voice_sites
from lightning_v2.precision.moves import precisions_of
from tests import own_modules
from tests.own_modules import made, mel

PLAN = lv2.Plan.parse("""
name: mine
default: {weights: bfloat8_b, activations: bfloat16, math_fidelity: LoFi, fp32_dest_acc_en: true}
rules:
  - {sites: norm, weights: float32, math_fidelity: HiFi4, packer_l1_acc: false}
  - {sites: gelu, math_approx_mode: true, output: float32}
""")


@pytest.fixture(scope="module")
def found():
    net, given = made(own_modules.VocosHead), mel(100)
    sites = lv2.tensix.trace(net, lambda: net(given))
    return lv2.ttnn_settings(sites, PLAN)


def test_every_site_in_the_words_of_ttnn(found):
    assert list(found)[:3] == ["embed", "depthwise", "norm"]
    assert found["up"] | {"program": None, "program_reason": None, "cycles": None} == {
        "op": "linear",
        "calls": 1,
        "shapes": [[1, 100, 32], [96, 32], [96], [1, 100, 96]],
        "activations": "bfloat16",
        "weights": "bfloat8_b",
        "bias_and_scale": "bfloat16",
        "output": "bfloat16",
        "weights_rounding": "nearest",
        "compute_kernel_config": {
            "math_fidelity": "LoFi",
            "math_approx_mode": False,
            "fp32_dest_acc_en": True,
            "packer_l1_acc": True,
        },
        "conv_config": None,
        "math_approx_mode": None,
        "program": None,
        "program_reason": None,
        "cycles": None,
        "after": None,
    }
    assert found["norm"]["compute_kernel_config"]["packer_l1_acc"] is False
    assert found["norm"]["bias_and_scale"] == "float32" and found["norm"]["program"] is None
    assert found["embed"]["conv_config"] == {"weights_dtype": "bfloat8_b"}
    assert found["gelu"]["math_approx_mode"] is True and found["gelu"]["output"] == "float32"
    assert json.loads(json.dumps(found))["down"]["weights"] == "bfloat8_b"


def test_programs_are_of_the_shapes(found):
    program = found["up"]["program"]
    assert program["class"].startswith("MatmulMultiCoreReuseMultiCast")
    assert program["in0_block_w"] == 1 and program["per_core_N"] >= 1
    x, y = program["compute_with_storage_grid_size"]
    assert x * y * program["per_core_M"] * program["per_core_N"] >= 4 * 3
    assert "cycles, by" in found["up"]["program_reason"]
    assert found["embed"]["program"] is None and found["embed"]["cycles"] > 0


def test_a_constant_on_the_left_has_a_program_too():
    found = lv2.ttnn_settings(lv2.load(), "lightning-v2")["vocoder.inverse_cosines"]
    assert found["program"]["class"].startswith("MatmulMultiCoreReuseMultiCast")
    assert "cycles, by" in found["program_reason"] and found["weights"] == "bfloat8_b"


def test_cycles_add_up_to_those_of_the_search():
    voice, plan = lv2.load(), lv2.Plan.load("bfp8-lofi")
    sites = voice_sites(voice)
    by_site = [one["cycles"] or 0 for one in lv2.ttnn_settings(voice, plan).values()]
    # Other blocks along K change no count.
    assert sum(by_site) == cycles(precisions_of(plan, sites), sites)
    assert min(by_site) == 0 < max(by_site)


def test_both_architectures_and_foreign_files():
    voice = lv2.load("hibari")
    one, other = (lv2.ttnn_settings(voice, "bf16", arch=a) for a in ("wormhole_b0", "blackhole"))
    assert one.keys() == other.keys() and one != other
    assert {"linear", "conv1d"} & {site["op"] for site in one.values()}
    assert all(site["cycles"] for site in one.values() if site["op"] == "conv1d")


def test_the_command(tmp_path, capsys):
    path = tmp_path / "settings.json"
    assert main(["settings", "lightning-v2", "-o", str(path)]) == 0
    assert "cycles, modelled" in capsys.readouterr().out
    record = json.loads(path.read_text())
    assert record["plan"] == "lightning-v2" and record["sites"]["source.phase"]["weights"] is None
    assert record["sites"]["source.phase"]["activations"] is None
    assert main(["settings", "lightning-v2", "--arch", "wormhole_b0", "-o", "a.wav"]) == 2


@pytest.mark.parametrize("plan", ["lightning-v2", "fp32"])
def test_programs_of_two_sites_are_told(plan):
    found = lv2.ttnn_settings(lv2.load(), plan)
    shared = {site: settings["after"] for site, settings in found.items() if settings["after"]}
    if plan == "fp32":
        assert not shared
        return
    assert shared["decoder.blocks.3.gelu"] == "decoder.blocks.3.up"
    assert shared["text.norm"] == "text.layers.1.add"
    assert shared["vocoder.spectrum.sub"] == "vocoder.spectrum.mul_4"
