"""Texts as scripts of sentences, sentences as lines for a network."""

import numpy as np
import pytest
import torch

from lightning_v2.model import HOP
from lightning_v2.model.voice import Script
from lightning_v2.text import TextError, UnspokenWarning, features, phone_indices

TEXT = "One sentence. And another one!"


@pytest.fixture(scope="module")
def forced(slt):
    return slt.synthesize(TEXT, seed=5)


def test_a_script_holds_the_sentences_of_a_text():
    script = Script.of(TEXT, seed=5)
    assert (script.text, script.seed, script.unspoken) == (TEXT, 5, ())
    assert [sentence.text for sentence in script.sentences] == ["one sentence.", "and another one!"]
    assert script.phones == script.sentences[0].phones + script.sentences[1].phones


def test_a_script_remembers_what_nobody_can_say():
    with pytest.warns(UnspokenWarning, match="好"):
        assert Script.of("Hello 好.").unspoken == ("好",)


def test_a_script_of_nothing():
    with pytest.raises(TextError):
        Script.of("???")


def test_lines_are_what_a_network_takes(slt):
    script = Script.of(TEXT)
    for line, sentence in zip(slt.lines(script), script.sentences, strict=True):
        count = len(sentence.phones)
        assert line.phones.shape == (1, count) and line.phones.dtype == torch.int64
        assert line.phones[0].tolist() == phone_indices(sentence).tolist()
        assert line.features.shape == (1, count, 32) and line.features.dtype == torch.float32
        assert np.array_equal(line.features[0].numpy(), features(sentence))
        assert line.ends is None and line.f0 is None


def test_noise_depends_on_the_seed_and_the_place_alone(slt):
    def noise(text, seed):
        return [line.noise(3) for line in slt.lines(Script.of(text, seed))]

    first, second = noise(TEXT, 5)
    assert first.shape == (1, 3 * HOP) and first.dtype == torch.float32
    assert 0.8 < first.std() < 1.2
    assert not torch.equal(first, second)
    assert torch.equal(noise("Something else.", 5)[0], first)
    assert not torch.equal(noise(TEXT, 6)[0], first)


def test_noise_is_drawn_once(slt):
    (line,) = slt.lines(Script.of("One sentence."))
    assert not torch.equal(line.noise(2), line.noise(2))


def test_forced_lines_have_the_ends_and_the_pitch_of_their_sentence(slt, forced):
    script = Script.of(TEXT)
    phone = frame = 0
    for line, count in zip(slt.lines(script, forced), forced.frames, strict=True):
        durations = forced.durations[phone : phone + line.phones.shape[1]]
        assert line.ends.shape == line.phones.shape
        np.testing.assert_allclose(line.ends[0].numpy(), np.cumsum(durations), rtol=1e-5)
        assert np.array_equal(line.f0[0].numpy(), forced.f0[frame : frame + count])
        phone, frame = phone + len(durations), frame + count
    assert (phone, frame) == (len(forced.durations), len(forced.f0))


def test_forced_by_another_text(slt, forced):
    with pytest.raises(ValueError, match=r"'One sentence. And another one!' has .* in 2 sentences"):
        slt.lines(Script.of("Something else."), forced)


def test_speech_of_a_script_is_what_was_spoken(slt, forced):
    """Whoever speaks the lines, in whatever order."""
    script = Script.of(TEXT, seed=5)
    spoken = {}
    with torch.inference_mode():
        for i, line in reversed(list(enumerate(slt.lines(script)))):
            frames = slt.model.acoustics(line.phones, line.features)
            spoken[i] = frames, slt.model.wave(frames, line.noise(frames.f0.shape[1]))
    speech = slt.speech(script, [spoken[0], spoken[1]])
    assert (speech.text, speech.seed, speech.phonemes) == (TEXT, 5, script.phones)
    assert speech.frames == forced.frames and len(speech.frames) == 2
    for name in ("waveform", "durations", "f0", "envelope"):
        given, wanted = getattr(speech, name), getattr(forced, name)
        assert given.shape == wanted.shape
        np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-3)
