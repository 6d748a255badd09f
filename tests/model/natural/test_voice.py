import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.errors import ArgumentError
from lightning_v2.model.checkpoint import CheckpointError
from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.config import BINS
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.natural.voice import white_noise
from lightning_v2.text import TextError
from tests.model.natural.conftest import TEXT
from tests.untrained import SMALL, network, symbols


@pytest.fixture(scope="module")
def voice(natural_folder):
    return lv2.load(natural_folder)


@pytest.fixture(scope="module")
def speech(voice):
    return voice.synthesize(TEXT)


def test_it_is_a_voice(voice):
    assert isinstance(voice, lv2.Voice)
    assert voice.name == "small"


def test_what_a_speech_tells(voice, speech):
    assert speech.phonemes == voice.phonemize(TEXT)
    assert len(speech.frames) == 2
    assert len(speech.waveform) == 300 * sum(speech.frames) == 300 * len(speech.f0)
    assert speech.durations.sum() == sum(speech.frames)
    assert np.isfinite(speech.waveform).all()
    assert (speech.f0 > 0).any()


def test_the_same_seed_gives_the_same_bits(voice, speech):
    again, other = voice.synthesize(TEXT), voice.synthesize(TEXT, seed=1)
    assert np.array_equal(again.waveform, speech.waveform)
    assert not np.array_equal(other.waveform, speech.waveform)


def test_noise_is_white_and_of_unit_variance():
    noise = white_noise((200, 2, 608), np.random.default_rng(0)).astype(np.float64)
    assert abs(noise.mean()) < 0.01
    assert abs(noise.var() - 1) < 0.01
    assert abs((noise**4).mean() - 3) < 0.1
    assert abs((noise[:, 0] * noise[:, 1]).mean()) < 0.01


def test_forced_by_itself_it_says_the_same(voice, speech):
    again = voice.synthesize(TEXT, forced=speech)
    assert np.array_equal(again.waveform, speech.waveform)


def test_durations_and_f0_can_be_given(voice, speech):
    higher = replace(
        speech, f0=speech.f0 * np.float32(1.5), durations=speech.durations + np.float32(2)
    )
    frames = tuple(
        int(part.sum()) for part in np.split(higher.durations, [len(speech.phonemes) // 2])
    )
    longer = voice.synthesize(TEXT, forced=replace(higher, f0=np.empty(0, np.float32)))
    assert np.array_equal(longer.durations, higher.durations)
    assert sum(frames) == sum(longer.frames)
    raised = voice.synthesize(TEXT, forced=replace(speech, f0=higher.f0))
    voiced = speech.f0 > 0
    assert np.allclose(raised.f0[voiced], higher.f0[voiced])


@pytest.mark.parametrize("text", ["", " ", "…", "\n"])
def test_nothing_to_say(voice, text):
    with pytest.raises(TextError, match="nothing to say"):
        voice.synthesize(text)


def test_what_is_not_legal(voice, speech):
    with pytest.raises(ArgumentError, match="seed is -1"):
        voice.synthesize(TEXT, seed=-1)
    other = f"speech of another text: {TEXT!r} has .* in 2 sentences, this one .* in 1"
    with pytest.raises(ArgumentError, match=other):
        voice.synthesize("Two ships.", forced=speech)


def test_it_is_emulated_site_by_site(voice, speech):
    plan = lv2.Plan.parse(
        "{name: low, default: {weights: bfloat8_b, activations: bfloat16, math_fidelity: LoFi}, "
        "rules: [{sites: source.phase, output: uint32}]}"
    )
    with lv2.emulate(voice, plan) as emulation:
        low = voice.synthesize(TEXT, forced=speech)
    assert emulation.unemulated == []
    assert low.plan == "low"
    error = low.waveform - speech.waveform
    ratio = 10 * np.log10((speech.waveform**2).sum() / (error**2).sum())
    assert 10 < ratio < 60


def lines(voice, text=TEXT, seed=0, forced=None):
    return voice.lines(voice.read(text), seed, forced)


def test_lines_are_what_a_network_takes(voice):
    sentences = voice.read(TEXT)
    for line, phones in zip(lines(voice), sentences, strict=True):
        assert line.phones.shape == (1, len(phones)) and line.phones.dtype == torch.int64
        assert line.phones[0].tolist() == [voice.symbols[phone] for phone in phones]
        assert line.durations is None and line.f0 is None


def test_noise_depends_on_the_seed_and_the_place_alone(voice):
    def noise(text, seed):
        return [line.noise(3) for line in lines(voice, text, seed)]

    first, second = noise(TEXT, 5)
    assert first.shape == (1, 3, 2, BINS) and first.dtype == torch.float32
    assert not torch.equal(first, second)
    assert torch.equal(noise("Something else.", 5)[0], first)
    assert not torch.equal(noise(TEXT, 6)[0], first)


def test_noise_is_drawn_once(voice):
    first, _ = lines(voice)
    assert not torch.equal(first.noise(2), first.noise(2))


def test_forced_lines_have_the_durations_and_the_pitch_of_their_sentence(voice, speech):
    phone = frame = 0
    for line, count in zip(lines(voice, forced=speech), speech.frames, strict=True):
        durations = speech.durations[phone : phone + line.phones.shape[1]]
        assert np.array_equal(2 * line.durations[0].numpy(), durations)
        given = np.where(line.f0[0].numpy() > LOWEST_F0, line.f0[0].numpy(), 0)
        assert np.array_equal(given, speech.f0[frame : frame + count])
        phone, frame = phone + len(durations), frame + count
    assert (phone, frame) == (len(speech.durations), len(speech.f0))


def test_speech_of_lines_is_what_was_spoken_in_whatever_order(voice, speech):
    spoken = {}
    with torch.inference_mode():
        for i, line in reversed(list(enumerate(lines(voice)))):
            frames = voice.model.acoustics(line.phones)
            wave = voice.model.wave(frames, line.noise(frames.f0.shape[1]))
            spoken[i] = frames.durations, frames.f0, wave
    found = voice.speech(TEXT, voice.read(TEXT), [spoken[0], spoken[1]], 0, None, None)
    assert (found.text, found.phonemes, found.frames) == (TEXT, speech.phonemes, speech.frames)
    assert np.array_equal(found.durations, speech.durations)
    for name in ("waveform", "f0"):  # by however many threads
        given, wanted = getattr(found, name), getattr(speech, name)
        np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-3)


def test_a_plan_that_was_learned_is_spoken_with_the_weights_that_learned_it(
    natural_folder, tmp_path
):
    own = lv2.load(natural_folder)
    learned = network(SMALL, seed=1)
    folder = tmp_path / "both"
    shutil.copytree(natural_folder, folder)
    save_checkpoint(folder / "adapted" / "low", learned, SMALL, symbols(), {})
    voice = lv2.load(folder)
    save_checkpoint(tmp_path / "other", learned, SMALL, symbols(), {})
    other = lv2.load(tmp_path / "other")
    text = "default: {weights: bfloat8_b}\nrules: [{sites: source.phase, output: uint32}]"
    plain, adapted = lv2.Plan.parse(text), lv2.Plan.parse(f"adapted: low\n{text}")

    def said(voice, plan):
        with lv2.emulate(voice, plan):
            return voice.synthesize("Two.").waveform

    assert np.array_equal(voice.synthesize("Two.").waveform, own.synthesize("Two.").waveform)
    assert np.array_equal(said(voice, plain), said(own, plain))
    assert np.array_equal(said(voice, adapted), said(other, plain))
    assert np.array_equal(said(own, adapted), said(own, plain))  # it has none of that name
    assert voice.network("low") is voice.network("low") and voice.network() is voice.model
    assert len({own.digest, voice.digest, other.digest}) == 3


def test_adapted_weights_of_another_voice_are_refused(natural_folder, tmp_path):
    folder = tmp_path / "both"
    shutil.copytree(natural_folder, folder)
    wider = replace(SMALL, inner=2 * SMALL.inner)
    save_checkpoint(folder / "adapted" / "low", network(wider), wider, symbols(), {})
    with pytest.raises(CheckpointError, match="low is of another voice: other sizes"):
        lv2.load(folder).network("low")
