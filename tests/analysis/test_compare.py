"""Comparisons of a real network, untrained, under real plans."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.precision import voice_sites
from lightning_v2.precision.phase import with_other_phase

TEXT = "Every evening, seven silver ships."


@pytest.fixture(scope="module")
def bf16(voice):
    return lv2.compare(voice, TEXT, "bf16")


def test_says_what_was_compared(bf16):
    assert (bf16.reference.plan, bf16.reference.tier) == (None, None)
    assert (bf16.candidate.plan, bf16.candidate.tier) == ("bf16", "fast")
    assert bf16.reference_name == "PyTorch float32"
    assert "PyTorch float32, not emulated" in bf16.provenance


def test_teacher_forced_means_the_same_durations_and_pitch(bf16):
    assert (bf16.reference.durations == bf16.candidate.durations).all()
    assert (bf16.reference.f0 == bf16.candidate.f0).all()
    assert bf16.aligned
    assert len(bf16.difference) == len(bf16.reference.waveform)


def test_reference_is_what_the_voice_says_alone(voice, bf16):
    alone = voice.synthesize(TEXT)
    assert (bf16.reference.waveform == alone.waveform).all()
    assert (voice.synthesize(TEXT).waveform == alone.waveform).all()


def test_a_row_for_every_site(voice, bf16):
    sites = lv2.tensix.trace(voice.model, lambda: voice.synthesize(TEXT))
    assert bf16.layers["site"].tolist() == [site.name for site in sites]
    assert bf16.layers["op"].tolist() == [site.op for site in sites]


def test_isolated_errors_are_those_of_bfloat16(bf16):
    matrix = bf16.layers[bf16.layers["op"].isin(["linear", "conv1d"])]
    matrix = matrix[~matrix["site"].isin(["duration.output", "prosody.pitch"])]  # in float32
    assert matrix["isolated_sqnr_db"].between(40, 60).all()
    assert (matrix["isolated_gain"] - 1).abs().max() < 0.01
    phase = bf16.layers.set_index("site").loc["source.phase"]
    assert phase["isolated_sqnr_db"] == np.inf


def test_errors_accumulate(bf16):
    layers = bf16.layers.set_index("site")
    assert layers["accumulated_sqnr_db"].notna().mean() > 0.75
    first, last = (
        layers.loc["encoder.convolutions.0.depthwise"],
        layers.loc["vocoder.inverse_cosines"],
    )
    assert first["accumulated_sqnr_db"] == pytest.approx(first["isolated_sqnr_db"])
    assert last["accumulated_sqnr_db"] < last["isolated_sqnr_db"] - 3


def test_float32_on_the_chip_is_close_to_float32(voice):
    comparison = lv2.compare(voice, TEXT, "fp32", layers=False)
    assert comparison.metrics["snr_db"] > 40  # its multipliers keep 11 bits of a float32
    assert comparison.metrics["pesq_wb_mos"] > 4.6


def test_a_plan_against_itself_is_identical(voice):
    comparison = lv2.compare(voice, TEXT, "bf16", reference="bf16")
    assert not comparison.difference.any()
    assert comparison.metrics["snr_db"] == np.inf
    assert (comparison.layers["accumulated_sqnr_db"] == np.inf).all()
    assert comparison.reference_words == "plan bf16, emulated, fast tier"


def test_naive_is_worse_than_bf16(voice, bf16):
    naive = lv2.compare(voice, TEXT, "naive")
    assert naive.metrics["snr_db"] < bf16.metrics["snr_db"] - 10
    phase = naive.layers.set_index("site").loc["source.phase"]
    assert phase["isolated_sqnr_db"] < 40


def test_the_phase_can_be_exchanged(voice):
    naive, sites = lv2.Plan.load("naive"), voice_sites(voice)
    repaired = with_other_phase(naive, sites)
    assert repaired.name == "naive with exact phase"
    assert repaired.for_site("source.phase").output == "uint32"
    assert repaired.for_site("decoder.input") == naive.for_site("decoder.input")
    rounded = with_other_phase(lv2.Plan.load("bf16"), sites)
    assert rounded.for_site("source.phase").output == "bfloat16"
    comparison = lv2.compare(voice, TEXT, repaired)
    phase = comparison.layers.set_index("site").loc["source.phase"]
    assert phase["isolated_sqnr_db"] == np.inf


def test_free_running_lengths_may_differ(voice):
    comparison = lv2.compare(voice, TEXT, "bfp4-lofi", teacher_forced=False)
    assert "free-running" in comparison.provenance
    assert len(comparison.layers) > 100
    if not comparison.aligned:
        assert np.isnan(comparison.metrics["snr_db"])
    assert np.isfinite(comparison.metrics["lsd_db"])
    assert np.isfinite(comparison.metrics["duration_difference_ms"])


def test_ten_seconds_with_all_layers_stay_under_two_gigabytes():
    benchmark = Path(__file__).parents[2] / "benchmarks" / "memory.py"
    text = "We walked along the river until evening came, " * 4 + "and then we went home."
    run = json.dumps([text, "lightning-v2", "fast", True])
    command = [sys.executable, str(benchmark), "--run", run]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["speech_s"] > 10 and found["sites"] > 150
    assert found["peak_bytes"] < 2e9


def test_block_ranges_stand_where_the_plan_has_blocks(voice):
    layers = lv2.compare(voice, TEXT, "naive").layers.set_index("site")
    site = layers.loc["decoder.blocks.0.up"]
    assert 3 < site["weights_range_median_bits"] < site["weights_range_p99_bits"] < 30
    assert 0 < site["weights_flushed_percent"] < 10
    assert site["activations_flushed_percent"] > 0
    assert np.isnan(layers.loc["vocoder.head.noise_gain.exp", "weights_range_median_bits"])
    shares = layers[["isolated_gain_share", "isolated_offset_share", "isolated_rest_share"]]
    assert shares.dropna().sum(axis=1).to_numpy() == pytest.approx(1)


def test_the_error_of_lofi_is_mostly_a_shrink(voice):
    layers = lv2.compare(voice, TEXT, "bfp8-lofi").layers
    linear = layers[layers["op"] == "linear"].median(numeric_only=True)
    assert linear["isolated_gain"] == pytest.approx(0.984, abs=0.005)
    assert linear["isolated_gain_share"] > 0.5
    assert linear["isolated_offset_share"] < 0.05


def test_weights_rounded_beforehand_hardly_shrink_anything(voice):
    layers = lv2.compare(voice, TEXT, "lightning-v2").layers
    low = layers["site"].str.match(r"(text|decoder)\..*\.(up|down)$")  # in LoFi
    linear = layers[low].median(numeric_only=True)
    assert linear["isolated_gain"] == pytest.approx(0.996, abs=0.002)
    assert linear["isolated_gain_share"] < 0.2


def test_the_seed_is_shared_and_counts(voice):
    first, second = (lv2.compare(voice, TEXT, "fp32", seed=seed, layers=False) for seed in (1, 2))
    assert (first.reference.waveform != second.reference.waveform).any()
    assert first.metrics["snr_db"] > 40


def test_errors_of_a_user(voice):
    with pytest.raises(lv2.PlanError, match="no-such-plan"):
        lv2.compare(voice, TEXT, "no-such-plan")
    with pytest.raises(ValueError, match="tier is 'exakt'; legal are 'exact', 'fast'"):
        lv2.compare(voice, TEXT, "bf16", tier="exakt")
