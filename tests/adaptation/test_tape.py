from dataclasses import replace

import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.adaptation.lessons import Teacher
from lightning_v2.adaptation.losses import spectral_distances
from lightning_v2.errors import ArgumentError
from tests.second_voice import install
from tests.second_voice import load as load_second

TEXT = "Seven ships sailed. Two came back!"


def said(lesson, model):
    results = lesson.tape.replayed(model)
    return [(place.among(results).flatten(), wanted) for place, wanted in lesson.sounds]


def test_made_again_calls_say_the_same(teacher, small):
    lesson = teacher.lesson(TEXT)
    assert len(lesson.sounds) == 2  # sentences
    whole = torch.cat([wanted for _, wanted in lesson.sounds])
    speech = torch.from_numpy(small.synthesize(TEXT).waveform)
    # A convolution adds in another order where somebody looks on, which can move a pulse.
    assert len(whole) == len(speech) and spectral_distances(whole, speech)["complex"] < 0.01
    for found, wanted in said(lesson, small.model):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_gradients_reach_the_first_weights(teacher, small):
    lesson = teacher.lesson(TEXT)
    small.model.requires_grad_(True)
    sum((found**2).sum() for found, _ in said(lesson, small.model)).backward()
    reached = {name for name, x in small.model.named_parameters() if x.grad is not None}
    expected = ("text.embedding.weight", "decoder.input.weight", "prosody.energy.weight")
    assert reached.issuperset(expected)
    # The durations and F0 of the teacher are given: what predicts them has no part in the sound.
    assert "duration.output.weight" not in reached
    assert "prosody.pitch.weight" not in reached


def test_predictions_are_made_and_not_followed(teacher, small):
    lesson = teacher.lesson(TEXT)
    modules = [call.module for call in lesson.tape.calls]
    assert "duration" in modules and "prosody" in modules
    with torch.no_grad():
        small.model.duration.output.bias += 1
    assert all(len(found) == len(wanted) for found, wanted in said(lesson, small.model))


def test_noise_is_drawn_anew_and_the_same():
    voice = lv2.load("hibari")
    lesson = Teacher(voice, 3, torch.device("cpu")).lesson("Now.")
    with torch.no_grad():
        ((first, wanted),), ((second, _),) = (said(lesson, voice.model) for _ in range(2))
    assert torch.equal(first, second)
    torch.testing.assert_close(first, wanted, atol=1e-4, rtol=1e-3)


def test_a_voice_that_decides_within_a_call(tmp_path):
    voice = load_second(install(tmp_path))
    lesson = Teacher(voice, 0, torch.device("cpu")).lesson("humming")
    (call,) = lesson.tape.calls
    assert call.module == "" and call.args[1] is not None  # lengths, given
    ((found, wanted),) = said(lesson, voice.model)
    torch.testing.assert_close(found.detach(), wanted)


def test_sound_that_is_changed_outside_of_modules_is_refused(small):
    class Louder:
        name, model, takes = "louder", small.model, small.takes

        def synthesize(self, text, **options):
            speech = small.synthesize(text, **options)
            return replace(speech, waveform=2 * speech.waveform)

    with pytest.raises(ArgumentError, match="'louder' does something to the sound"):
        Teacher(Louder(), 0, torch.device("cpu")).lesson(TEXT)
