from dataclasses import replace

import numpy as np

from lightning_v2 import compare
from lightning_v2.analysis.metrics.complaints.complaints import COMPLAINTS
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.chapters.your_own_voice.arms import Arm, control_arms, plan_arm
from lightning_v2.chapters.your_own_voice.complaint_figures import (
    complaint_sheet,
    hiss_levels,
    measure_words,
    phone_changes,
)
from tests.chapters.your_own_voice.conftest import LOW, TEXT


def test_float32_again_is_the_same_and_other_noise_is_not(second):
    again, other = control_arms(second, TEXT)
    assert again.name == "float32 again"
    assert again.values["snr_db"] == np.inf
    assert other.name == "another seed"
    assert 0 < other.values["snr_db"] < 60
    assert other.values["length_change_percent"] == 0


def test_a_voice_that_tells_durations_is_heard_after_other_words(voice):
    names = [arm.name for arm in control_arms(voice, "Seven ships.")]
    assert names == ["float32 again", "another seed", "after other words"]


def test_an_arm_has_all_measures(second):
    arm = plan_arm(compare(second, TEXT, LOW, layers=False))
    assert arm.name == "low"
    assert arm.values.keys() == {metric.name for metric in (*METRICS, *COMPLAINTS)}


def test_a_sheet_has_a_column_an_arm_and_says_what_is_not_heard(second):
    arms = control_arms(second, TEXT)
    frame = complaint_sheet(arms, "here").frame
    assert frame.columns.tolist() == ["measure", "float32 again", "another seed"]
    rows = frame.set_index("measure")["float32 again"]
    assert rows["clicks that were not there (1/s)"] == "0"
    assert rows["phones that last longer or shorter (%)"] == "–"
    assert measure_words().frame["measure"].tolist() == [
        row.rpartition(" (")[0] for row in rows.index
    ]


def test_durations_of_a_plan_are_those_that_it_decides_itself(voice):
    forced, free = (
        compare(voice, "Seven ships.", "bfp4-lofi", teacher_forced=given, layers=False)
        for given in (True, False)
    )
    assert plan_arm(forced).values["phone_change_max_ms"] == 0
    values = plan_arm(forced, free).values
    assert values["phone_change_max_ms"] > 1
    assert values["length_change_percent"] == free.metrics["length_change_percent"]
    assert values["lsd_db"] == forced.metrics["lsd_db"]


def test_hiss_is_drawn_where_there_is_a_pause(voice):
    said = voice.synthesize("Seven ships.")
    silence = np.zeros(said.sample_rate, np.float32)
    quiet = replace(
        said,
        waveform=np.concatenate([said.waveform, silence]),
        durations=np.append(said.durations, np.float32(len(silence) / said.hop)),
        phonemes=(*said.phonemes, "_"),
    )
    picture = hiss_levels([Arm.of("again", "the same", quiet, quiet)])
    assert picture.alt == "Levels in the pauses in 6 bands. Largest rise: again +0.0 dB."
    steady = replace(said, waveform=np.ones_like(said.waveform))
    assert "no pause" in hiss_levels([Arm.of("again", "the same", steady, steady)]).text


def test_phones_are_drawn_where_the_voice_tells_them(voice, second):
    c = compare(voice, "Seven ships.", "bfp4-lofi", teacher_forced=False, layers=False)
    picture = phone_changes([c])
    assert picture.data["phones"]["plan"].unique().tolist() == ["bfp4-lofi"]
    assert len(picture.data["phones"]) == len(c.reference.phonemes)
    other = compare(second, TEXT, LOW, teacher_forced=False, layers=False)
    assert "does not tell" in phone_changes([other]).text
