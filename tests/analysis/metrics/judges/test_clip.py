"""What a judge of one signal gets: the same, whatever is around a sound."""

import numpy as np
import pytest

from lightning_v2.analysis.metrics.judges.clip import (
    AROUND_S,
    LOUDNESS_LUFS,
    RATE,
    heard_part,
    pieces,
)
from lightning_v2.analysis.metrics.sound.loudness import loudness_lufs

SOURCE_RATE = 24000


@pytest.fixture
def utterance(utterance):
    return np.concatenate([utterance, silence(SOURCE_RATE // 5)])


@pytest.fixture
def heard(utterance):
    return heard_part(utterance, SOURCE_RATE)


def silence(count):
    return np.zeros(count, np.float32)


@pytest.mark.parametrize("before", [1, 97, 24000])
@pytest.mark.parametrize("after", [0, 5000])
def test_silence_around_it_changes_nothing(utterance, heard, before, after):
    padded = np.concatenate([silence(before), utterance, silence(after)])
    assert np.array_equal(heard_part(padded, SOURCE_RATE), heard)


@pytest.mark.parametrize("gain_db", [-40, -6, 6])
def test_level_changes_nothing(utterance, heard, gain_db):
    louder = utterance * np.float32(10 ** (gain_db / 20))
    assert heard_part(louder, SOURCE_RATE) == pytest.approx(heard, abs=1e-6)
    assert loudness_lufs(heard, RATE) == pytest.approx(LOUDNESS_LUFS, abs=0.5)


def test_rate(utterance, heard):
    sound_s = len(utterance) / SOURCE_RATE - 0.25 - 0.2  # less the silence around it
    assert len(heard) / RATE == pytest.approx(sound_s + 2 * AROUND_S, abs=0.02)
    assert heard.dtype == np.float32


def test_pauses_inside_stay(utterance):
    doubled = np.concatenate([utterance, silence(SOURCE_RATE), utterance])
    long, short = (heard_part(wave, SOURCE_RATE) for wave in (doubled, utterance))
    assert len(long) > 2 * len(short)


@pytest.mark.parametrize("wave", [silence(0), silence(1), silence(9000), np.full(9000, 1e-9)])
def test_nothing_is_heard_of_silence(wave):
    assert len(heard_part(wave, SOURCE_RATE)) == 0


def test_clicks_are_clipped(utterance):
    click = utterance.copy()
    click[SOURCE_RATE] = 50.0
    assert np.abs(heard_part(click, SOURCE_RATE)).max() == 1


def test_short_clips_stay_whole(heard):
    assert np.array_equal(*pieces(heard, len(heard)), heard)


@pytest.mark.parametrize("longest", [9000, 12000, 20000])
def test_pieces_are_all_there_and_short_enough(heard, longest):
    found = pieces(heard, longest)
    assert np.array_equal(np.concatenate(found), heard)
    assert len(found) > 1 and max(map(len, found)) <= longest


def test_cuts_are_where_it_is_quiet():
    tone = np.sin(np.arange(RATE) / 5).astype(np.float32)
    tone[8200:9200] = 0
    first, second = pieces(tone, 14000)
    assert 8200 <= len(first) <= 9200 and len(second) == len(tone) - len(first)
