import dataclasses
import sys
import warnings

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2 import cache, tensix

CALLS = []


def work(count, plan="bf16", scale=1.0):
    CALLS.append(count)
    return {"values": np.arange(count) * scale}


def speak(voice, text):
    CALLS.append(text)
    return text


@pytest.fixture
def calls(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "CALLS", [])
    return CALLS


def test_computes_once(tmp_path, calls):
    kept = lv2.cached(work, tmp_path)
    first, second = kept(3), kept(3, scale=1.0)
    assert np.array_equal(first["values"], second["values"])
    assert len(CALLS) == 1
    assert np.array_equal(lv2.cached(work, tmp_path)(count=3)["values"], [0, 1, 2])
    assert len(CALLS) == 1


@pytest.mark.parametrize("other", [{"count": 4}, {"scale": 2.0}, {"plan": "naive"}])
def test_any_other_argument_is_computed(tmp_path, calls, other):
    kept = lv2.cached(work, tmp_path)
    kept(3)
    kept(**{"count": 3, **other})
    assert len(CALLS) == 2


def test_a_plan_counts_by_what_it_says(tmp_path, calls):
    kept, path = lv2.cached(work, tmp_path / "kept"), tmp_path / "mine.yaml"
    path.write_text("name: mine\ndefault: {math_fidelity: LoFi}\n")
    kept(3, path)
    kept(3, lv2.Plan.load(path))
    path.write_text("# a remark\nname: mine\ndefault: {math_fidelity: LoFi}\n")
    kept(3, str(path))
    assert len(CALLS) == 1
    path.write_text("name: mine\ndefault: {math_fidelity: HiFi2}\n")
    kept(3, path)
    assert len(CALLS) == 2
    with pytest.raises(lv2.PlanError, match="no such plan"):
        kept(3, "nosuch")


def test_a_voice_counts_by_its_weights(tmp_path, calls):
    kept, voice = lv2.cached(speak, tmp_path), lv2.load()
    kept(voice, "a")
    kept(lv2.load(), "a")
    assert len(CALLS) == 1
    kept("lark", "a")
    assert len(CALLS) == 1
    kept(dataclasses.replace(voice, name="another"), "a")
    assert len(CALLS) == 2


def test_voices_of_others_have_names_too(tmp_path, calls):
    kept = lv2.cached(speak, tmp_path)
    kept("hibari", "a")
    kept(lv2.load("hibari"), "a")
    assert len(CALLS) == 1


@pytest.mark.parametrize(
    "name",
    ["decoder.input.weight", "vocoder.head.noise_gain.typical", "vocoder.inverse_sines.basis"],
)
def test_a_voice_counts_by_what_it_computes_with(tmp_path, calls, name):
    kept, voice = lv2.cached(speak, tmp_path), lv2.load()
    kept(voice, "a")
    before = voice.digest
    tensor = dict([*voice.model.named_parameters(), *voice.model.named_buffers()])[name]
    usual = tensor.clone()
    tensor.data.add_(1)
    kept(voice, "a")
    assert len(CALLS) == 2 and voice.digest != before
    tensor.data.copy_(usual)
    kept(voice, "a")
    assert len(CALLS) == 2 and voice.digest == before


def multiply(a, b):
    CALLS.append((a, b))
    x, y = (tensix.from_torch(torch.full((1, 32), value), "bfloat16") for value in (a, b))
    return float(tensix.to_torch(tensix.multiply(x, y))[0, 0])


@pytest.mark.parametrize("other", [{"arch": "blackhole"}, {"tier": "fast"}])
def test_the_settings_around_a_call_count(tmp_path, calls, other):
    kept = lv2.cached(multiply, tmp_path)
    kept(3.0, 1.0)
    with tensix.use(threads=1):
        kept(3.0, 1.0)
    assert len(CALLS) == 1
    with tensix.use(**other):
        kept(3.0, 1.0)
        kept(3.0, 1.0)
    assert len(CALLS) == 2


def test_what_another_executes_is_not_kept(tmp_path, calls):
    """Within `emulate` a voice says what the plan around it says."""
    kept, voice = lv2.cached(speak, tmp_path), lv2.load()
    around = voice, voice.model, torch.nn.Linear(2, 2)
    for number, speaker in enumerate(around):
        with warnings.catch_warnings(action="ignore"), lv2.emulate(speaker, "bf16"):
            kept(voice, "a")
        assert len(CALLS) == number + 1
    kept(voice, "a")
    kept(voice, "a")
    assert len(CALLS) == len(around) + 1


def test_other_sources_are_other_results(tmp_path, calls, monkeypatch):
    kept = lv2.cached(work, tmp_path)
    kept(3)
    monkeypatch.setattr(cache, "code_digest", lambda: "changed")
    kept(3)
    assert len(CALLS) == 2


def test_a_damaged_file_is_computed_again(tmp_path, calls):
    kept = lv2.cached(work, tmp_path)
    kept(3)
    (stored,) = tmp_path.rglob("output.pkl")
    stored.write_bytes(stored.read_bytes()[:10])
    assert np.array_equal(kept(3)["values"], [0, 1, 2])
    assert len(CALLS) == 2


def test_two_functions_do_not_share_results(tmp_path, calls):
    assert lv2.cached(speak, tmp_path)(3, "x") == "x"
    assert "values" in lv2.cached(work, tmp_path)(3, "bf16")


def test_the_oldest_go_first(tmp_path, calls, monkeypatch):
    monkeypatch.setattr(cache, "MOST_BYTES", 2000)
    kept = lv2.cached(work, tmp_path)
    for count in range(5):
        kept(count)
    assert 0 < len(list(tmp_path.rglob("output.pkl"))) < 5


def test_a_real_comparison_comes_back_whole(tmp_path):
    voice = lv2.load()
    kept = lv2.cached(lv2.compare, tmp_path)
    first = kept(voice, "Ships.", "naive", layers=False)
    again = kept(voice, "Ships.", "naive", layers=False)
    assert np.array_equal(first.candidate.waveform, again.candidate.waveform)
    assert again.plan.digest == first.plan.digest
    assert again.metrics.keys() == first.metrics.keys()


def refer(text, reference="fp32"):
    CALLS.append(reference)
    return str(reference)


def test_pytorch_is_not_the_plan_of_that_name(tmp_path, calls):
    """As a reference, the word fp32 is PyTorch's float32; the plan fp32 is the chip at its best."""
    kept, plan = lv2.cached(refer, tmp_path), lv2.Plan.load("fp32")
    assert kept("a") == "fp32"
    assert kept("a", plan) == str(plan)
    assert kept("a", plan.source) == str(plan)
    assert kept("a", reference="bf16") == "bf16"
    assert ["fp32", plan, "bf16"] == CALLS
    kept("a", lv2.FLOAT32)
    assert len(CALLS) == 3


def test_a_comparison_is_with_the_reference_that_was_asked_for(tmp_path):
    kept, voice = lv2.cached(lv2.compare, tmp_path), lv2.load()
    for reference, words in (
        ("fp32", "PyTorch float32, not emulated"),
        (lv2.Plan.load("fp32"), "plan fp32, emulated, fast tier"),
    ):
        comparison = kept(voice, "Hi.", "naive", reference, layers=False)
        assert comparison.reference_words == words
