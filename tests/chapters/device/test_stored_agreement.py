"""Records of the simulator are found by voice, weights and plan, or not at all."""

from dataclasses import dataclass

import lightning_v2 as lv2
from lightning_v2.chapters.device.stored_agreement import stored_agreement
from lightning_v2.deployment.agreement import load_agreement
from lightning_v2.resources import data_path

RECORD = "hibari-bf16"


@dataclass(frozen=True)
class OtherWeights:
    """A voice like another one, but for the digest of its weights."""

    name: str
    model: object
    digest: str = "of nothing"


def test_the_record_of_a_voice_and_plan():
    voice = lv2.load("hibari")
    found = stored_agreement(voice, "bf16")
    stored = load_agreement(data_path("simulator", f"{RECORD}.json"))
    assert found is not None and found.to_dict() == stored.to_dict()


def test_nothing_for_other_plans_and_weights():
    voice = lv2.load("hibari")
    assert stored_agreement(voice, "bfp4-lofi") is None
    changed = lv2.Plan.parse("{name: bf16, default: {math_fidelity: LoFi}}")
    assert stored_agreement(voice, changed) is None
    assert stored_agreement(OtherWeights(voice.name, voice.model), "bf16") is None
