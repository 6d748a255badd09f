import json
import warnings

import pytest

from lightning_v2 import load
from lightning_v2.deployment.deployment import Deployment
from lightning_v2.deployment.refusals import refusals, save
from lightning_v2.precision import Plan
from tests.deployment.device_process import run_on_mock

PLAN = Plan.load("bf16")


def of(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return refusals(load(name), PLAN)


def test_hibari_has_none():
    found = of("hibari")
    assert found.refused == ()
    assert found.lowered_sites == found.sites == 288
    assert found.lowered_macs == found.macs > 0


def test_our_own_voice_is_no_graph():
    assert refusals(load(), PLAN) is None


@pytest.fixture(scope="module")
def piper():
    return of("piper:joe")


def test_what_a_piper_voice_cannot_have(piper):
    reasons = {row.op: row.reason for row in piper.refused}
    assert "no gather or scatter by tuples" in reasons["GatherND"]
    assert "the emulator does not" in reasons["CumSum"]
    assert all(row.node and row.reason for row in piper.refused)
    # Convolutions, transposed ones and its vocoder are nearly all of it.
    assert not {"Conv", "ConvTranspose", "LeakyRelu"} & reasons.keys()
    assert piper.lowered_macs / piper.macs > 0.99
    assert piper.lowered_sites < piper.sites


def test_a_survey_as_a_file(piper, tmp_path):
    path = tmp_path / "survey.json"
    save(piper, str(path))
    found = json.loads(path.read_text())
    assert len(found["refused"]) == len(piper.refused)
    assert found["refused"][0].keys() == {"node", "site", "op", "reason"}


def spoken(device):
    warnings.simplefilter("ignore")
    deployment = Deployment(load("piper:joe"), "bf16", device)
    try:
        deployment.synthesize("Hi.")
    except RuntimeError as error:
        return [type(error).__name__, str(error)]
    return []


def test_speaking_ends_at_the_first_that_is_refused():
    kind, message = run_on_mock("n150", spoken)
    assert kind == "UnsupportedError"
    assert message.startswith("plan bf16 cannot run on n150: in ")
