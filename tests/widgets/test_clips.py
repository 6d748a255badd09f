from types import SimpleNamespace

import numpy as np

from widgets import ABPlayer
from widgets.clips import alone_clips, difference_clips


def compared(plan, error):
    wave = np.sin(np.arange(4800) / 20).astype(np.float32) * 0.5
    return SimpleNamespace(
        plan=SimpleNamespace(name=plan),
        reference=SimpleNamespace(waveform=wave, sample_rate=24000),
        candidate=SimpleNamespace(waveform=wave + np.float32(error)),
        reference_words="PyTorch float32, not emulated",
    )


def test_a_clip_a_plan_with_its_own_gain():
    clips = difference_clips(compared("bf16", 0.001), compared("naive", 0.1))
    assert [clip.label for clip in clips] == [
        "reference", "bf16 − reference", "naive − reference",
    ]  # fmt: skip
    assert clips[1].gain_db > clips[2].gain_db > 0 == clips[0].gain_db
    assert np.allclose(clips[2].waveform, 0.1, atol=1e-6)
    assert len({clip.colour for clip in clips}) == 3
    assert len(ABPlayer(clips).clips) == 3


def test_sites_alone_with_what_they_add():
    whole = compared("naive", 0.1)
    alone = SimpleNamespace(
        plan="naive",
        site="source.phase",
        tier="fast",
        reference=whole.reference,
        candidate=whole.candidate,
    )
    clips = alone_clips(alone)
    assert [clip.label for clip in clips] == [
        "reference", "naive: source.phase", "naive: what it adds",
    ]  # fmt: skip
    assert "one site as in plan naive, emulated, fast tier" in clips[1].note
    assert np.array_equal(clips[1].waveform, whole.candidate.waveform)
    assert np.allclose(clips[2].waveform, 0.1, atol=1e-6)
