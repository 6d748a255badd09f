"""A voice around a small graph: three phones, durations by rounding, F0, noise and a waveform."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executed_by
from lightning_v2.model import Voice
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.text import TextError
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import ints, number

HOP = 4
NODES = [
    node("Gather", "table ids", "logs", "/dur/emb/Gather"),
    node("Exp", "logs", "long", "/dur/Exp"),
    node("Ceil", "long", "durations", "/dur/Ceil"),
    node("ReduceSum", "durations axis", "count", "/len/ReduceSum"),
    node("Mul", "count hop", "samples", "/len/Mul"),
    node("Cast", "samples", "n", "/len/Cast", to=7),
    node("Cast", "count", "frames", "/len/Cast_1", to=7),
    node("Expand", "pitch frames", "flat", "/f0/Expand"),
    node("RandomNormalLike", "flat", "jitter", "/f0/Noise"),
    node("Mul", "jitter flat", "f0", "/f0/Mul"),
    node("Resize", "f0 - - n", "spread", "/dec/Resize", mode="nearest", axes=[0]),
    node("Sin", "spread", "wave", "/dec/Sin"),
]
CONSTANTS = {
    "table": np.float32([0.5, 1.2, 0.1, 0.9]),
    "axis": ints(0),
    "hop": number(HOP),
    "pitch": np.float32([50.0]),
}


@dataclass(frozen=True, eq=False)
class Letters(Frontend):
    speaker: str = ""

    @property
    def key(self) -> str:
        return self.speaker

    def lines(self, text):
        if not text.strip():
            raise TextError("nothing to say")
        return [
            Line({"ids": ints(*["abcd".index(x) for x in word])}, tuple(word))
            for word in text.split()
        ]

    def waveform(self, outputs, noise):
        hiss = noise.standard_normal(len(outputs["wave"]), dtype=np.float32)
        return outputs["wave"] + 0.01 * torch.from_numpy(hiss)


def letters(**changes):
    given = {"durations": "durations", "f0": "f0", "lowest_f0": 10.0} | changes
    return Letters(8000, "mine", HOP, **given)


@pytest.fixture
def path(tmp_path):
    inputs = {"ids": ints(0, 0, 0)}
    return saved(tmp_path / "voice.onnx", NODES, inputs, ["wave", "f0"], CONSTANTS, opset=18)


@pytest.fixture
def voice(path):
    return OnnxVoice.load("small", path, lambda network: letters())


def test_it_is_a_voice(voice):
    assert isinstance(voice, Voice)
    assert voice.sample_rate == 8000 and voice.takes == {"durations", "f0"}
    assert voice.phonemize("abc d") == ("a", "b", "c", "d")


def test_speech(voice):
    speech = voice.synthesize("abc d")
    assert np.array_equal(speech.durations, np.ceil(np.exp(CONSTANTS["table"][[0, 1, 2, 3]])))
    assert speech.frames == (8, 3) and len(speech.f0) == 11
    assert len(speech.waveform) == 11 * HOP and speech.waveform.dtype == np.float32
    assert (speech.sample_rate, speech.hop, speech.seed) == (8000, HOP, 0)
    assert speech.plan is None and speech.tier is None


def test_the_same_seed_gives_the_same_bits(voice):
    first, again = (voice.synthesize("abc d", seed=3).waveform for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, voice.synthesize("abc d", seed=4).waveform)


def test_sentences_have_noise_of_their_own(voice):
    speech = voice.synthesize("abc abc")
    half = len(speech.waveform) // 2
    assert not np.array_equal(speech.waveform[:half], speech.waveform[half:])


def test_unvoiced_frames_have_no_f0(voice):
    speech = voice.synthesize("abc d")
    raw = speech.decisions["f0"]
    assert (raw < 10).any() and (raw < 0).any() and (raw > 10).any()
    assert np.array_equal(speech.f0, np.where(raw > 10, raw, 0))


def test_forced_by_itself_it_says_the_same_bits(voice):
    free = voice.synthesize("abc d", seed=2)
    forced = voice.synthesize("abc d", seed=2, forced=free)
    assert np.array_equal(free.waveform, forced.waveform)
    assert np.array_equal(free.f0, forced.f0)


def test_forced_durations(voice):
    free = voice.synthesize("abc d")
    durations = free.durations + np.float32([0, 2, 0, 1])
    longer = voice.synthesize("abc d", forced=replace(free, durations=durations, f0=free.f0[:0]))
    assert np.array_equal(longer.durations, durations) and longer.frames == (10, 4)


def test_forced_durations_end_where_they_did_in_whole_frames(voice):
    free = voice.synthesize("abcdabcd")
    durations = free.durations * np.float32(1.3)
    forced = voice.synthesize("abcdabcd", forced=replace(free, durations=durations, f0=free.f0[:0]))
    assert np.array_equal(forced.durations, np.round(forced.durations))
    assert np.abs(np.cumsum(forced.durations) - np.cumsum(durations)).max() <= 0.5
    assert forced.durations.sum() == forced.frames[0] == len(forced.f0)


def test_forced_f0_that_somebody_changed(voice):
    free = voice.synthesize("abc d")
    changed = replace(free, f0=np.where(free.f0 > 0, 30, free.f0).astype(np.float32))
    forced = voice.synthesize("abc d", forced=changed)
    assert np.array_equal(forced.f0, changed.f0)
    unvoiced = free.f0 == 0
    assert np.array_equal(forced.decisions["f0"][unvoiced], free.decisions["f0"][unvoiced])


def test_durations_in_steps_of_several_frames(path):
    voice = OnnxVoice.load("two", path, lambda network: letters(frames_each=2))
    one = OnnxVoice.load("one", path, lambda network: letters())
    free = voice.synthesize("abc")
    assert np.array_equal(free.durations, 2 * one.synthesize("abc").durations)
    forced = voice.synthesize("abc", forced=free)
    assert np.array_equal(free.waveform, forced.waveform)


def test_forced_by_another_text(voice):
    with pytest.raises(ArgumentError, match="'abc' has 3 phones in 1 sentences, this one 2 in 1"):
        voice.synthesize("ab", forced=voice.synthesize("abc"))
    with pytest.raises(ArgumentError, match="another text"):
        voice.synthesize("ab c", forced=voice.synthesize("abc"))


def test_nothing_to_say(voice):
    with pytest.raises(TextError):
        voice.synthesize(" ")


def test_a_list_of_texts(voice):
    both = voice.synthesize(["abc", "d"])
    assert [speech.text for speech in both] == ["abc", "d"]


def test_sites_of_prosody(voice):
    assert voice.prosody_sites == ("dur.exp", "f0.mul")


def test_a_voice_that_tells_neither_durations_nor_f0(path):
    voice = OnnxVoice.load("mute", path, lambda network: letters(durations=None, f0=None))
    speech = voice.synthesize("abc")
    assert voice.takes == frozenset() and voice.prosody_sites == ()
    assert len(speech.durations) == len(speech.f0) == 0 and speech.decisions == {}


def test_a_front_end_that_names_values_that_are_not_there(path):
    with pytest.raises(OnnxError, match=r"voice\.onnx has no value 'ghost'"):
        OnnxVoice.load("odd", path, lambda network: letters(durations="ghost"))


def test_the_digest_follows_file_front_end_and_weights(path, voice):
    digest = voice.digest
    assert digest == OnnxVoice.load("again", path, lambda network: letters()).digest
    other = OnnxVoice.load("other", path, lambda network: replace(letters(), speaker="b"))
    assert other.digest != digest
    with torch.no_grad():
        next(voice.model.parameters()).mul_(1.01)
    assert voice.digest != digest


def test_a_waveform_that_is_a_module_belongs_to_the_network(path):
    class Half(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.share = torch.nn.Parameter(torch.tensor([0.5]))

        def forward(self, outputs, noise):
            return outputs["wave"] * self.share

    class Module(Letters):
        @property
        def waveform(self):
            return self.__dict__.setdefault("_half", Half())

    module = Module(8000, "mine", HOP)
    voice = OnnxVoice.load("module", path, lambda network: module)
    assert "waveform.share" in dict(voice.model.named_parameters())
    assert not any(x.requires_grad for x in voice.model.parameters())
    assert len(voice.synthesize("abc").waveform)


class Louder:
    """Runs the graph, and makes its waveform twice as loud."""

    def __init__(self, voice):
        self.voice = voice

    def __call__(self, inputs, **options):
        return self.voice.model(inputs, **options)

    def waveform(self, outputs, noise):
        return 2 * self.voice.frontend.waveform(outputs, noise)


def test_another_executor_speaks_in_its_place(voice):
    plain = voice.synthesize("abc")
    with executed_by(voice.model, Louder(voice), "mine", "loud"):
        louder = voice.synthesize("abc")
    assert (louder.waveform == 2 * plain.waveform).all()
    assert (louder.plan, louder.tier) == ("mine", "loud")


def test_the_network_is_a_legal_executor_of_itself(voice):
    plain = voice.synthesize("abc")
    with executed_by(voice.model, voice.model):
        assert (voice.synthesize("abc").waveform == plain.waveform).all()
