import pytest

from lightning_v2.onnx.frontends.hibari import HibariFrontend
from lightning_v2.text import TextError


def test_ids_with_a_blank_at_both_ends():
    (line,) = HibariFrontend().lines("Hello there.")
    assert line.phonemes[0] == line.phonemes[-1] == "_" and len(line.phonemes) > 8
    assert line.inputs["ids"].shape == (1, len(line.phonemes))
    assert line.inputs["ids"][0, [0, -1]].tolist() == [0, 0]


def test_every_front_end_has_a_head_of_its_own():
    front = HibariFrontend()
    assert front.waveform is front.waveform is not HibariFrontend().waveform


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_to_say(text):
    with pytest.raises(TextError, match="nothing to say"):
        HibariFrontend().lines(text)
