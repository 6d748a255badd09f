import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

from lightning_v2.precision import FLOAT32
from widgets import ABXTest, Clip
from widgets.player.wav import read_wav_base64

RATE = 24000
TONE = (0.2 * np.sin(np.arange(2400) / 9)).astype(np.float32)


class Page:
    """What a browser would do: sends messages, keeps what comes back."""

    def __init__(self, test):
        self.test = test
        self.received = []
        test.send = lambda content, buffers=None: self.received.append((content, buffers))

    def ask(self, **message):
        self.test._handle_custom_msg(message, [])
        return self.received[-1]


@pytest.fixture
def test():
    return ABXTest(Clip("fp32", TONE, RATE), Clip("naive", TONE[:2000] / 2, RATE, note="low"), 4)


def run(test, choice=lambda test: "a"):
    page = Page(test)
    page.ask(type="start")
    while not test.done:
        page.ask(type="answer", trial=test._session.trial, choice=choice(test))
    return page


def test_page_gets_both_clips_and_not_the_order(test):
    state = test.get_state()
    assert [clip["label"] for clip in state["pair"]] == ["fp32", "naive"]
    own = {"pair", "trials", "conditions", "software", "label", "other"}
    standard = {"layout", "tooltip", "tabbable"}
    assert {name for name in state if not name.startswith("_")} == own | standard


def test_a_length_does_not_tell_which_is_which(test):
    waves = [read_wav_base64(clip["wav"])[0] for clip in test.pair]
    assert [len(wave) for wave in waves] == [2400, 2400]
    assert (waves[1][2000:] == 0).all()
    assert len({len(wav) for wav in test._wavs.values()}) == 1


def test_x_comes_trial_by_trial_under_no_other_name(test):
    page = Page(test)
    content, buffers = page.ask(type="join")
    assert content["stage"] == "training"
    assert buffers == [test._wavs[test._session.x]]
    for number in range(1, 5):
        content, buffers = page.ask(type="start") if number == 1 else page.ask(
            type="answer", trial=number - 1, choice="a"
        )  # fmt: skip
        assert (content["stage"], content["trial"]) == ("trial", number)
        assert buffers == [test._wavs[test._session.x]]
        assert (content["feedback"], content["result"]) == (None, None)
        assert set(content) == {
            "type", "stage", "trial", "statistics", "feedback", "result", "problem"
        }  # fmt: skip


def test_training_tells_what_x_was(test):
    page = Page(test)
    truth = test._session.x
    content, buffers = page.ask(type="answer", trial=0, choice=truth, seconds=2.0, plays={"x": 1})
    assert (content["stage"], content["feedback"]["x"]) == ("feedback", truth)
    assert content["feedback"]["correct"] is True
    assert buffers == []
    assert page.ask(type="train")[0]["stage"] == "training"


def test_last_answer_ends_it_with_the_result(test):
    page = run(test, lambda test: test._session.x)
    content, buffers = page.received[-1]
    assert (content["stage"], buffers) == ("done", [])
    assert content["result"] == test.result
    assert test.statistics.correct == 4
    assert test.statistics.verdict == "undecided"  # four trials cannot show anything


def test_a_page_that_joins_late_is_told_where_the_test_is(test):
    page = Page(test)
    page.ask(type="start")
    page.ask(type="answer", trial=1, choice="a")
    content, buffers = Page(test).ask(type="join")
    assert (content["stage"], content["trial"], len(buffers)) == ("trial", 2, 1)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"type": "answer", "trial": 3, "choice": "a"}, "trial 3 is not waiting"),
        ({"type": "answer", "trial": 1, "choice": "c"}, "'a' or 'b', not 'c'"),
        ({"type": "train"}, "training is over"),
        ({"type": "start"}, "begun already"),
        ({"type": "key, please"}, "does not understand"),
        ({}, "does not understand"),
        ({"type": "answer", "trial": 1, "choice": "a", "seconds": "soon"}, "soon"),
    ],
)
def test_messages_that_do_not_fit_change_nothing(test, message, problem):
    page = Page(test)
    page.ask(type="start")
    content, buffers = page.ask(**message)
    assert problem in content["problem"]
    assert (content["stage"], content["trial"], len(buffers)) == ("trial", 1, 1)
    assert test.statistics.answered == 0


def test_result_names_all_conditions(test):
    test.conditions = {"headphones": "closed"}
    run(test)
    result = test.result
    assert (result["a"]["label"], result["b"]["note"]) == ("fp32", "low")
    samples = read_wav_base64(test.pair[0]["wav"])[0]
    assert result["a"]["sha256"] == hashlib.sha256(samples.tobytes()).hexdigest()
    assert result["conditions"] == {"headphones": "closed"}
    assert "kernel" in result["key"]
    assert set(result["software"]) == {"lightning-v2"}
    assert "wav" not in json.dumps(result)


def test_of_a_comparison_says_how_both_sounds_were_made():
    low = SimpleNamespace(name="naive", digest="d1")
    speeches = [
        SimpleNamespace(waveform=TONE * f, sample_rate=RATE, text="Hi.", seed=5) for f in (1, 2)
    ]
    comparison = SimpleNamespace(
        plan=low, reference_plan=FLOAT32, reference_name="PyTorch float32",
        reference_words="PyTorch float32, not emulated",
        candidate_words="plan naive, emulated", reference=speeches[0], candidate=speeches[1],
        tier="fast", teacher_forced=True, aligned=True, provenance="emulated",
    )  # fmt: skip
    test = ABXTest.of(comparison, trials=8, headphones="closed")
    conditions = test.result["conditions"]
    assert conditions["plan"] == {"name": "naive", "digest": "d1"}
    assert conditions["reference"] == {"name": "PyTorch float32", "digest": None}
    assert (conditions["text"], conditions["seed_of_noise"]) == ("Hi.", 5)
    assert conditions["headphones"] == "closed"
    assert [clip["label"] for clip in test.pair] == ["reference", "naive"]
    assert (test.trials, test.label) == (8, "Blind test: naive against PyTorch float32")


def test_saved_whole_as_json(test, tmp_path):
    run(test)
    path = test.save(tmp_path / "results" / "abx.json")
    assert json.loads(path.read_text()) == test.result
    assert [file.name for file in path.parent.iterdir()] == ["abx.json"]


def test_impossible_tests_are_refused():
    with pytest.raises(ValueError, match="not 24000 and 16000 Hz"):
        ABXTest(Clip("a", TONE, RATE), Clip("b", TONE, 16000))
    with pytest.raises(ValueError, match="'loud' has a gain of \\+6 dB"):
        ABXTest(Clip("a", TONE, RATE), Clip("loud", TONE, RATE, gain_db=6.0))
    with pytest.raises(ValueError, match="0 trials"):
        ABXTest(Clip("a", TONE, RATE), Clip("b", TONE, RATE), 0)
    with pytest.raises(TypeError, match="JSON"):
        ABXTest(Clip("a", TONE, RATE), Clip("b", TONE, RATE), conditions={"voice": object()})
