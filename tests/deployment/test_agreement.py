import functools
import json

import numpy as np
import pandas as pd
import pytest

from lightning_v2 import load
from lightning_v2.deployment.agreement import (
    COLUMNS,
    Agreement,
    _row,
    agreement_name,
    digest,
    load_agreement,
    observed_emulation,
)
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.resources import data_path
from tests.deployment.device_process import run_on_mock

STORED = sorted(path.stem for path in data_path("simulator").glob("*.json"))


def row(found, wanted, output="float32"):
    arrays = [np.asarray(x, np.float32) for x in (found, wanted)]
    return dict(zip(COLUMNS, _row("site", "site", "op", *arrays, output), strict=True))


def test_results_are_named_after_voice_plan_and_chip():
    assert agreement_name("lark", "bf16", "wormhole_b0") == "bf16"
    assert agreement_name("lark", "bf16", "blackhole") == "bf16-blackhole"
    assert agreement_name("piper:joe", "naive", "blackhole") == "piper-joe-naive-blackhole"
    for name in STORED:
        known = load_agreement(name).provenance
        words = known["voice"]["name"], known["plan"]["name"], known["device"]["arch"]
        assert agreement_name(*words) == name


def test_there_are_results_of_the_simulator():
    assert {"lightning-v2", "bf16"} <= set(STORED)


@pytest.fixture(scope="module")
def voices():
    """voices(name): loaded once."""
    return functools.cache(load)


@pytest.mark.parametrize("name", STORED)
def test_the_emulator_has_the_bits_of_the_simulator(voices, name):
    """Digests of what the simulator gave, against what the exact tier gives here and now."""
    stored = load_agreement(name)
    voice = voices(stored.provenance["voice"]["name"])
    plan = for_voice(Plan.load(stored.provenance["plan"]["name"]), voice_sites(voice))
    assert stored.provenance["voice"]["digest"] == voice.digest
    assert stored.provenance["plan"]["digest"] == plan.digest
    found, speech = observed_emulation(
        voice, plan, stored.provenance["text"], stored.provenance["device"]["arch"]
    )
    mine = {site: digest(values) for site, values in found.items()}
    mine["waveform"] = digest(speech.waveform)
    assert mine == dict(stored.table.set_index("site").digest)


@pytest.mark.parametrize("name", STORED)
def test_stored_results_are_of_every_site(voices, name):
    stored = load_agreement(name)
    sites = voice_sites(voices(stored.provenance["voice"]["name"]))
    assert set(stored.table.site) == {site.name for site in sites} | {"waveform"}
    assert stored.different == []
    assert stored.provenance["device"]["target"] == "simulator"


def test_a_graph_is_observed_as_it_is_deployed(voices):
    voice = voices("hibari")
    with pytest.warns(UserWarning, match="preset bf16"):
        plan = for_voice(Plan.load("bf16"), voice_sites(voice))
    found, speech = observed_emulation(voice, plan, "Hi.", "blackhole")
    assert {name: x.shape for name, x in found.items()} == {
        site.name: site.shapes[-1] for site in voice_sites(voice, "Hi.")
    }
    assert (speech.plan, speech.tier) == ("bf16", "exact")
    wormhole = load_agreement("hibari-bf16").table.set_index("site").digest
    assert any(digest(x) != wormhole[name] for name, x in found.items())


def test_stored_results_are_of_batches_and_pieces():
    others = load_agreement("lightning-v2").provenance["waveforms"]
    assert [(row["batch"], row["different"]) for row in others] == [(2, 0), (2, 0)]


def test_equal_values_agree():
    found = row([1.0, -0.5], [1.0, -0.5])
    assert (found["different"], found["max_abs"], found["max_ulp"]) == (0, 0, 0)


def test_a_zero_of_the_other_sign_is_a_difference():
    found = row([0.0, 1.0], [-0.0, 1.0])
    assert (found["values"], found["different"], found["max_ulp"]) == (2, 1, 0)


def test_units_are_those_of_the_output_format():
    one = np.float32(1)
    found = row([np.nextafter(one, np.float32(2))], [one])
    assert (found["different"], found["max_ulp"]) == (1, 1)
    assert found["max_abs"] == pytest.approx(2**-23)
    assert row([1.0078125], [1.0], "bfloat16")["max_ulp"] == 1
    assert row([1.0078125], [1.0], "float32")["max_ulp"] == 2**16
    assert row([2.0**-126], [-(2.0**-126)], "bfloat16")["max_ulp"] == 256


def test_other_shapes_are_an_error():
    with pytest.raises(ValueError, match=r"site has shape \(1,\) on the device, \(2,\) emulated"):
        row([1.0], [1.0, 2.0])


def test_a_file_that_is_something_else_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"sites": [{"name": "x"}]}))
    with pytest.raises(ValueError, match=r"other.json: not an agreement of device and emulator"):
        load_agreement(path)
    with pytest.raises(FileNotFoundError):
        load_agreement("no-such-plan")


def compare_on(device, plan, text):
    from lightning_v2.deployment.agreement import agreement
    from lightning_v2.model import load

    seen = []
    try:
        agreement(load(), plan, device, text, seen.append)
    except ValueError as error:
        return seen, str(error)
    return seen, None


def test_a_device_that_computes_nothing_does_not_agree():
    """A mock says zero durations, so that the first site of frames has another shape."""
    seen, error = run_on_mock("n150", compare_on, "lightning-v2", "Hi.")
    assert seen[0] == "encoder.convolutions.0.depthwise" and "text.norm" in seen
    assert "prosody.input has shape" in error


def test_programs_of_two_sites_are_named_after_both(tmp_path):
    rows = [
        ("a.up", "a.up", "linear", 8, 0, 0.0, 0, "x"),
        ("a.gelu", "a.up + a.gelu", "gelu", 8, 0, 0.0, 0, "y"),
    ]
    found = Agreement(pd.DataFrame(rows, columns=COLUMNS), {"text": "Hi."})
    kept = found.to_dict()
    assert ["program" in row for row in kept["sites"]] == [False, True]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(kept))
    assert load_agreement(path).table.equals(found.table)
