"""hibari as device operations: on operations that round nothing it must be the graph."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from lightning_v2 import load, tensix
from lightning_v2.deployment.emulate import emulate
from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.voice import LoweredVoice
from lightning_v2.executors import executed_by
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from tests.deployment import plain_ops

TEXT = "Hi."
FP32 = Plan.load("fp32")


@pytest.fixture(scope="module")
def hibari():
    return load("hibari")


@pytest.fixture(scope="module")
def spoken(hibari):
    return hibari.synthesize(TEXT)


def lowered(voice, ops=plain_ops, plan=FP32, observer=None):
    return LoweredVoice(voice, GraphRunner(ops, plan.for_site, observer))


def preset(voice, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return for_voice(Plan.load(name), voice_sites(voice))


def ratio_db(signal, noise):
    power = [float((x.astype(np.float64) ** 2).sum()) for x in (signal, noise)]
    return 10 * np.log10(power[0] / power[1])


def test_speech_is_that_of_the_graph(hibari, spoken):
    with executed_by(hibari.model, lowered(hibari)):
        mine = hibari.synthesize(TEXT)
    assert mine.durations.tolist() == spoken.durations.tolist()
    assert np.abs(mine.f0 - spoken.f0).max() < 0.01
    assert np.abs(mine.waveform - spoken.waveform).max() < 1e-4 * np.abs(spoken.waveform).max()


@pytest.mark.parametrize("text", ["One.", "A sentence with a few more words in it, this time."])
def test_lengths_between_those_of_the_device(hibari, text):
    with executed_by(hibari.model, lowered(hibari)):
        mine = hibari.synthesize(text, seed=3)
    wanted = hibari.synthesize(text, seed=3)
    assert mine.waveform.shape == wanted.waveform.shape
    assert ratio_db(wanted.waveform, mine.waveform - wanted.waveform) > 70


def test_lengths_of_one_bucket_are_the_same_parts(hibari, spoken):
    """So that what is compiled or recorded for one serves the other."""
    asked = []

    def stages(name, compute, uploads, held):
        shapes = {key: (tuple(x.values.shape), x.dtype) for key, x in uploads.items()}
        asked.append((name, shapes, {key: tuple(x.shape) for key, x in held.items()}))
        return runner._at_once(name, compute, uploads, held)

    runner = GraphRunner(plain_ops, FP32.for_site, stages=stages)
    voice = LoweredVoice(hibari, runner)
    for frames_each in (12, 20):
        durations = np.full_like(spoken.durations, frames_each)
        frames = (int(durations.sum()),)
        forced = replace(spoken, durations=durations, frames=frames, f0=np.empty(0, np.float32))
        with executed_by(hibari.model, voice):
            hibari.synthesize(TEXT, forced=forced)
    assert len(asked) == 6
    assert asked[:3] == asked[3:]


@pytest.mark.parametrize("frames_each", [2, 30])
def test_forced_speech_is_that_of_the_graph(hibari, spoken, frames_each):
    durations = np.full_like(spoken.durations, frames_each)
    frames = int(durations.sum())
    f0 = np.linspace(120, 240, frames, dtype=np.float32)
    other = replace(spoken, durations=durations, frames=(frames,), f0=f0)
    with executed_by(hibari.model, lowered(hibari)):
        mine = hibari.synthesize(TEXT, forced=other)
    wanted = hibari.synthesize(TEXT, forced=other)
    assert len(mine.waveform) == 300 * frames
    assert ratio_db(wanted.waveform, mine.waveform - wanted.waveform) > 70


def test_sites_are_those_of_the_voice(hibari):
    mine = lowered(hibari)
    with executed_by(hibari.model, mine):
        hibari.synthesize(TEXT)
    assert mine.runner.sites == {site.name: site.op for site in voice_sites(hibari)}


def test_observers_see_the_shapes_of_the_graph(hibari):
    shapes = {}

    def observe(call):
        torch.testing.assert_close(call.by_torch(), call.result, rtol=1e-3, atol=1e-3)
        shapes[call.site] = tuple(call.result.shape)

    with executed_by(hibari.model, lowered(hibari, observer=observe)):
        hibari.synthesize(TEXT)
    assert shapes == {site.name: site.shapes[-1] for site in voice_sites(hibari, TEXT)}


ON_ROWS = {"linear", "layer_norm"}
BY_ELEMENT = {"add", "sub", "mul", "div", "gelu", "exp", "tanh", "sin", "cos", "relu", "log"}


@pytest.mark.parametrize(
    ("name", "same"),
    [("bf16", ON_ROWS | BY_ELEMENT), ("naive", ON_ROWS)],
    ids=["bf16", "block floats, whose groups lie along the last axis of the device"],
)
def test_sites_on_the_same_operands_have_the_bits_of_the_interception(hibari, spoken, name, same):
    """Products, norms and functions of elements are one operation of the device either way."""
    plan, differing, compared = preset(hibari, name), [], 0

    def observe(call):
        nonlocal compared
        if call.op not in same:
            return
        compared += 1
        function, precision = call.function, plan.for_site(call.site)
        if call.op == "linear":  # the lowering has a rule of its own for blocks along K
            n, k = next(function.parameters()).shape
            width = in0_block_w(k, n, precision.weights)
            precision = replace(precision, in0_block_w=width)
        if isinstance(function, torch.nn.Module):
            with tensix.intercept(hibari.model, lambda site: precision):
                wanted = function(*call.args)
        else:
            wanted = tensix.lower(function, call.args, {}, precision)
        if not torch.equal(wanted, call.result):
            differing.append(call.site)

    mine = lowered(hibari, tensix, plan, observe)
    with tensix.use(tier="exact"), executed_by(hibari.model, mine):
        hibari.synthesize(TEXT, forced=spoken)
    assert compared > 100
    assert differing == []


@pytest.mark.parametrize("tier", tensix.TIERS)
def test_the_plan_is_heard_as_in_the_interception(hibari, spoken, tier):
    plan = preset(hibari, "bf16")
    with tensix.use(tier=tier), executed_by(hibari.model, lowered(hibari, tensix, plan)):
        mine = hibari.synthesize(TEXT, forced=spoken)
    with emulate(hibari, plan, tier):
        other = hibari.synthesize(TEXT, forced=spoken)
    errors = [ratio_db(spoken.waveform, x.waveform - spoken.waveform) for x in (mine, other)]
    assert min(errors) > 20
    assert abs(errors[0] - errors[1]) < 3
