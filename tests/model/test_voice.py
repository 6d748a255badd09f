import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
import torch

from lightning_v2.executors import executed_by
from lightning_v2.model.natural.config import HOP
from lightning_v2.text import TextError, UnspokenWarning

TEXT = "The birch canoe slid on the smooth planks, did it not?"


def digest(speech) -> str:
    return hashlib.sha256(speech.waveform.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def speech(voice):
    return voice.synthesize(TEXT)


def test_speech_is_whole_and_sane(speech):
    frames = len(speech.f0)
    assert speech.waveform.dtype == np.float32
    assert len(speech.waveform) == frames * HOP
    assert sum(speech.frames) == frames
    assert len(speech.durations) == len(speech.phonemes)
    assert 2 < speech.duration_s < 6
    assert 0.1 < np.abs(speech.waveform).max() <= 1
    assert np.isfinite(speech.waveform).all()
    voiced = speech.f0[speech.f0 > 0]
    assert 0.3 < len(voiced) / frames < 0.9
    assert 130 < np.median(voiced) < 250
    assert speech.plan is None
    assert speech.tier is None


def test_pauses_are_quiet_and_vowels_are_not(speech):
    edges = np.concatenate([[0], np.cumsum(speech.durations)]) * HOP
    level = {}
    for phone, start, end in zip(speech.phonemes, edges, edges[1:], strict=False):
        piece = speech.waveform[int(start) : int(end)]
        level.setdefault(phone, []).append(20 * np.log10(np.sqrt((piece**2).mean()) + 1e-9))
    assert np.mean(level["_"]) < -50
    assert np.mean(level["u"] + level["ɪ"] + level["æ"]) > -30


def test_same_seed_same_bits_for_any_number_of_threads(voice, speech):
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            assert digest(voice.synthesize(TEXT)) == digest(speech)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_same_bits_in_another_process(speech):
    code = (
        "import hashlib, sys, lightning_v2 as lv2\n"
        "speech = lv2.load().synthesize(sys.argv[1])\n"
        "print(hashlib.sha256(speech.waveform.tobytes()).hexdigest())"
    )
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, TEXT],
            capture_output=True,
            text=True,
            check=True,
            env={"OMP_NUM_THREADS": threads, "PATH": ""},
        )
        assert done.stdout.strip() == digest(speech)


def test_threads_do_not_disturb_each_other(voice, speech):
    results = {}

    def speak(index):
        results[index] = digest(voice.synthesize(TEXT))

    threads = [threading.Thread(target=speak, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results.values()) == {digest(speech)}


def test_another_seed_changes_noise_only(voice, speech):
    other = voice.synthesize(TEXT, seed=1)
    assert digest(other) != digest(speech)
    assert np.array_equal(other.f0, speech.f0)
    assert np.array_equal(other.durations, speech.durations)


def test_forced_by_itself_changes_nothing(voice, speech):
    assert digest(voice.synthesize(TEXT, forced=speech)) == digest(speech)


def test_forced_by_changed_pitch_and_durations(voice, speech):
    import dataclasses

    slow = dataclasses.replace(speech, f0=speech.f0 * np.float32(1.2))
    forced = voice.synthesize(TEXT, forced=slow)
    assert np.array_equal(forced.f0, slow.f0)
    assert len(forced.waveform) == len(speech.waveform)


def test_forced_by_durations_alone(voice, speech):
    import dataclasses

    bare = dataclasses.replace(speech, f0=np.empty(0, np.float32))
    assert digest(voice.synthesize(TEXT, forced=bare)) == digest(speech)
    slow = dataclasses.replace(bare, durations=speech.durations * np.float32(1.5))
    assert voice.synthesize(TEXT, forced=slow).duration_s == pytest.approx(
        1.5 * speech.duration_s, rel=0.01
    )


def test_forced_by_another_text_is_refused(voice, speech):
    with pytest.raises(ValueError, match="speech of another text"):
        voice.synthesize("Something else.", forced=speech)


def test_sentences_are_spoken_one_after_the_other(voice):
    whole = voice.synthesize("One sentence. And another one!")
    first = voice.synthesize("One sentence.")
    assert len(whole.frames) == 2
    assert np.array_equal(whole.waveform[: len(first.waveform)], first.waveform)


def test_a_list_of_texts(voice):
    texts = ["One sentence.", "And another one!"]
    both = voice.synthesize(texts)
    assert [speech.text for speech in both] == texts


def test_ten_thousand_characters(voice):
    text = "It is a long text, but every sentence of it is short enough to be spoken. " * 136
    assert len(text) > 10_000
    speech = voice.synthesize(text)
    assert len(speech.frames) == 136
    assert speech.duration_s > 300


def test_unspoken_characters_are_reported(voice):
    with pytest.warns(UnspokenWarning, match="好"):
        speech = voice.synthesize("Hello 好.")
    assert speech.unspoken == ("好",)


@pytest.mark.parametrize("text", ["", "\x07", "???"])
def test_bad_text(voice, text):
    with pytest.raises(TextError):
        voice.synthesize(text)


def test_save_keeps_the_level(speech, tmp_path):
    speech.save(tmp_path / "a.wav")
    wave, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate == 24000
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"
    assert np.abs(wave - speech.waveform).max() <= 1 / 32768
    assert list(tmp_path.iterdir()) == [tmp_path / "a.wav"]


def test_save_into_a_missing_folder(speech, tmp_path):
    with pytest.raises(OSError, match="missing"):
        speech.save(tmp_path / "missing" / "a.wav")


class Recorded:
    """Speaks by a network and counts."""

    def __init__(self, network):
        self.network, self.calls = network, []

    def acoustics(self, *args):
        self.calls.append("acoustics")
        return self.network.acoustics(*args)

    def wave(self, *args):
        self.calls.append("wave")
        return self.network.wave(*args)


def test_another_speaker_for_a_while(voice, speech):
    outer, inner = Recorded(voice.model), Recorded(voice.model)
    with executed_by(voice.model, outer):
        with executed_by(voice.model, inner):
            assert digest(voice.synthesize(TEXT)) == digest(speech)
        assert (outer.calls, inner.calls) == ([], ["acoustics", "wave"])
        with executed_by(voice.model, voice.model):
            voice.synthesize(TEXT)
        assert outer.calls == []
        with pytest.raises(RuntimeError), executed_by(voice.model, inner):
            raise RuntimeError
        voice.synthesize(TEXT)
    assert outer.calls == ["acoustics", "wave"]
    assert digest(voice.synthesize(TEXT)) == digest(speech)
    assert len(outer.calls) == 2 and len(inner.calls) == 2


def test_a_speaker_is_for_one_network_in_one_thread(voice, untrained, speech):
    recorded = Recorded(voice.model)
    other = threading.Thread(target=voice.synthesize, args=(TEXT,))
    with executed_by(voice.model, recorded):
        other.start()
        other.join()
    with executed_by(untrained, recorded):
        voice.synthesize(TEXT)
    assert recorded.calls == []


class Waiting(Recorded):
    """A network that waits, in the middle of its work, until it may go on."""

    def __init__(self, network):
        super().__init__(network)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def acoustics(self, *args):
        self.begun.set()
        self.go_on.wait()
        self.threads = torch.get_num_threads()
        return super().acoustics(*args)


@pytest.mark.parametrize("first_out", [0, 1])
def test_two_threads_that_speak_at_once_change_nothing_for_others(voice, speech, first_out):
    """Each computes with one thread of torch, and leaves the process as it was."""

    def speak(speaker):
        with executed_by(voice.model, speaker):
            said = voice.synthesize(TEXT)
        return digest(said), torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        speakers = [Waiting(voice.model), Waiting(voice.model)]
        with ThreadPoolExecutor(2) as pool:
            running = []
            for speaker in speakers:
                running.append(pool.submit(speak, speaker))
                speaker.begun.wait()
            results = {}
            for i in (first_out, 1 - first_out):
                speakers[i].go_on.set()
                results[i] = running[i].result()
        assert results == dict.fromkeys((0, 1), (digest(speech), 3))
        assert [speaker.threads for speaker in speakers] == [1, 1]
        with ThreadPoolExecutor(1) as new:
            assert new.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)
