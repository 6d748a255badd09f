from types import SimpleNamespace

from lightning_v2.analysis.sites.parts import parts_of
from lightning_v2.model.parts import PARTS
from lightning_v2.precision import voice_sites


def test_our_voice_by_its_names(voice):
    parts = parts_of(voice)
    assert list(parts) == [part for part in PARTS if part in parts]
    assert parts["source"][0] == "source.phase"
    assert "vocoder.inverse_cosines" in parts["inverse STFT"]
    assert "decoder.input" in parts["decoder"]
    assert "vocoder.head.free_angle.cos" in parts["decoder"]
    assert "text.norm" in parts["front end"] and "prosody.pitch" in parts["F0"]
    assert "vocoder.sines" in parts["source"]
    assert sum(map(len, parts.values())) == len(voice_sites(voice))


def test_what_a_voice_tells_comes_first(voice):
    teller = SimpleNamespace(
        model=voice.model, synthesize=voice.synthesize, parts={"source.phase": "F0"}
    )
    parts = parts_of(teller)
    assert "source.phase" in parts["F0"]
    assert "source.phase" not in parts["source"]
