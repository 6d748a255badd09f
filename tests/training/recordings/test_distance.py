from dataclasses import replace

import numpy as np
import pytest

from lightning_v2.training.recordings.distance import distance
from lightning_v2.training.recordings.takes import Take
from tests.training.recordings.conftest import TEXTS


@pytest.fixture(scope="module")
def own(lark):
    """What lark says, as a take."""
    said = lark.synthesize(TEXTS["a"])
    return Take(
        phones=np.array([lark.symbols[phone] for phone in said.phonemes]),
        log_durations=np.log1p(said.durations / 2),
        durations=said.durations / 2,
        f0=said.f0,
        wave=(said.waveform * 32767).round().astype(np.int16),
    )


def test_a_voice_is_near_to_itself(lark, own):
    found = distance(lark.model, [own])
    assert found["duration_error_ms"] < 13  # it rounds to 25 ms
    assert found["f0_median_cents"] == pytest.approx(0, abs=1e-3)
    assert found["voicing_error_percent"] == 0
    assert found["lsd_db"] < 3


def test_known_differences(lark, own):
    quiet = replace(own, wave=(own.wave // 2).astype(np.int16))
    higher = replace(own, f0=own.f0 * 2 ** (1 / 12))
    longer = replace(own, log_durations=np.log1p(np.expm1(own.log_durations) + 2))
    base = distance(lark.model, [own])
    assert distance(lark.model, [quiet])["lsd_db"] > base["lsd_db"] + 2
    assert distance(lark.model, [higher])["f0_median_cents"] == pytest.approx(100, abs=1)
    longer = distance(lark.model, [longer])["duration_error_ms"]
    assert longer == pytest.approx(50, abs=base["duration_error_ms"])


def test_without_voiced_frames(lark, own):
    whisper = replace(own, f0=np.zeros_like(own.f0))
    found = distance(lark.model, [whisper])
    assert "f0_median_cents" not in found and found["voicing_error_percent"] > 30
