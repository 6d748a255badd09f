import numpy as np
import pytest
import traitlets

from widgets import ABPlayer, Clip
from widgets.player.ab_player import audible_gain_db
from widgets.player.wav import read_wav_base64

RATE = 24000
TONE = (0.2 * np.sin(np.arange(2400) / 9)).astype(np.float32)


def test_clips_travel_at_their_own_level():
    player = ABPlayer([Clip("loud", TONE, RATE), Clip("quiet", TONE / 100, RATE)])
    waves = [read_wav_base64(clip["wav"])[0] for clip in player.get_state()["clips"]]
    assert np.abs(waves[0]).max() / np.abs(waves[1]).max() == pytest.approx(100, rel=0.02)


def test_difference_keeps_its_bits_and_states_its_gain():
    candidate = (TONE * np.float32(1.0005)).astype(np.float32)
    clip = Clip.difference(TONE, candidate, RATE)
    state = clip.state()
    wave, _ = read_wav_base64(state["wav"])
    assert (wave == candidate - TONE).all()
    assert (clip.gain_db, state["gain_db"], state["adjustable"]) == (60, 60, True)


@pytest.mark.parametrize(
    ("factor", "gain"), [(1.0, 0), (0.5, 6), (0.09, 18), (1e-6, 60), (0.0, 0), (5.0, 0)]
)
def test_gain_comes_in_steps_of_six(factor, gain):
    assert audible_gain_db(TONE * np.float32(factor), TONE) == gain


def test_gain_goes_below_zero_where_the_difference_is_beyond_full_scale():
    assert audible_gain_db(TONE * np.float32(8), TONE) == -6


def test_gain_never_clips():
    click = np.zeros(2400, np.float32)
    click[100] = 0.4
    assert audible_gain_db(click, TONE) == 6


def test_difference_of_different_lengths_covers_what_both_have():
    assert len(Clip.difference(TONE, TONE[:100], RATE).waveform) == 100


def test_identical_waveforms_differ_by_silence():
    assert Clip.difference(TONE, TONE, RATE).note == "silence"


def test_clipping_is_said():
    assert "clipped" not in Clip("a", TONE, RATE).state()["note"]
    note = Clip("a", TONE * 10, RATE, note="too loud").state()["note"]
    assert note.startswith("too loud; ")
    assert "samples beyond full scale are clipped" in note


def test_needs_clips_of_one_rate():
    with pytest.raises(ValueError, match=r"one sample rate, not \[16000, 24000\]"):
        ABPlayer([Clip("a", TONE, RATE), Clip("b", TONE, 16000)])
    with pytest.raises(ValueError, match=r"not \[\]"):
        ABPlayer([])


def test_selection_is_shared_with_the_kernel_and_stays_inside():
    player = ABPlayer([Clip("a", TONE, RATE), Clip("b", TONE, RATE)])
    seen = []
    player.observe(lambda change: seen.append(change["new"]), "selected")
    player.set_state({"selected": 1})
    assert seen == [1]
    player.selected = 7
    assert player.selected == 1
    with pytest.raises(traitlets.TraitError):
        player.selected = "a"


def clips(*labels):
    return [Clip(label, TONE, RATE) for label in labels]


def test_loudness_is_sent_for_matching_and_silence_has_none():
    loud, quiet, silent = (Clip("a", TONE * f, RATE).state()["loudness_lufs"] for f in (1, 0.5, 0))
    assert loud - quiet == pytest.approx(20 * np.log10(2), abs=0.01)
    assert silent is None


def test_selection_follows_its_label_when_clips_are_replaced():
    player = ABPlayer(clips("reference", "naive", "difference"), selected=1)
    player.replace(clips("naive", "other"), label="new")
    assert (player.selected, player.label) == (0, "new")
    player.replace(clips("reference", "other", "naive"))
    assert (player.selected, player.label) == (2, "new")
    player.replace(clips("reference", "other"))
    assert player.selected == 0


def test_clips_that_do_not_fit_together_leave_the_old_ones():
    player = ABPlayer(clips("a"))
    with pytest.raises(ValueError, match="one sample rate"):
        player.replace([])
    assert [clip["label"] for clip in player.clips] == ["a"]


def test_a_chart_travels_to_the_page():
    drawn = {"panels": [{"title": "decoder", "marks": [{"clip": 1}]}]}
    assert ABPlayer(clips("reference", "low"), chart=drawn).get_state()["chart"] == drawn
    assert ABPlayer(clips("reference")).get_state()["chart"] == {}
