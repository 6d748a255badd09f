import json

import numpy as np
import pytest

from widgets.abx.abx_session import ABXSession


def finished(trials=16, seed=3, right=lambda number: True):
    session = ABXSession(trials, seed)
    session.start()
    while session.stage == "trial":
        other = "b" if session.x == "a" else "a"
        session.answer(session.trial, session.x if right(session.trial) else other)
    return session


def test_begins_with_training_whose_answer_does_not_count():
    session = ABXSession(4, seed=1)
    assert (session.stage, session.trial) == ("training", 0)
    truth = session.x
    session.answer(0, truth, seconds=1.23456, plays={"x": 2})
    assert session.stage == "feedback"
    assert session.x is None
    assert session.training[0]["correct"]
    assert session.training[0]["seconds"] == 1.235
    assert session.training[0]["plays"] == {"a": 0, "b": 0, "x": 2}
    assert session.statistics.answered == 0


def test_training_can_be_repeated_until_the_test_begins():
    session = ABXSession(4, seed=1)
    for _ in range(3):
        session.answer(0, "a")
        session.train()
    assert len(session.training) == 3
    session.start()
    with pytest.raises(ValueError, match="training is over"):
        session.train()
    with pytest.raises(ValueError, match="begun already"):
        session.start()


def test_order_is_the_documented_one_and_training_does_not_move_it():
    expected = ["ab"[coin] for coin in np.random.default_rng(7).integers(2, size=20)]
    session = ABXSession(20, seed=7)
    session.answer(0, "a")
    session.train()
    session.start()
    heard = []
    while session.stage == "trial":
        heard.append(session.x)
        session.answer(session.trial, "a")
    assert heard == expected
    assert session.statistics.correct == expected.count("a")


def test_order_differs_from_test_to_test_and_is_fair():
    orders = {tuple(ABXSession(30)._order) for _ in range(20)}
    assert len(orders) == 20
    share = np.mean([[x == "a" for x in order] for order in orders])
    assert 0.4 < share < 0.6


def test_number_of_trials_is_kept():
    session = finished(trials=5, right=lambda number: number != 2)
    assert session.stage == "done"
    assert (session.statistics.answered, session.statistics.correct) == (5, 4)
    with pytest.raises(ValueError, match="not waiting for an answer"):
        session.answer(5, "a")


def test_an_answer_given_twice_counts_once():
    session = ABXSession(3, seed=0)
    session.start()
    session.answer(1, "a")
    with pytest.raises(ValueError, match=r"trial 1 is not waiting for an answer \(trial 2\)"):
        session.answer(1, "a")
    assert len(session.answers) == 1


def test_only_a_and_b_are_answers():
    session = ABXSession(3)
    session.start()
    with pytest.raises(ValueError, match="'a' or 'b', not 'x'"):
        session.answer(1, "x")


@pytest.mark.parametrize("trials", [0, 201, -1, 2.5, "16", True])
def test_impossible_numbers_of_trials_are_refused(trials):
    with pytest.raises(ValueError, match="trials"):
        ABXSession(trials)


def test_unfinished_result_does_not_hold_the_key_of_open_trials():
    session = ABXSession(16, seed=12345678)
    session.start()
    session.answer(1, "a")
    result = session.to_dict()
    assert result["seed_of_order"] is None
    assert not result["complete"]
    assert "12345678" not in json.dumps(result)
    assert [trial["trial"] for trial in result["trials"]] == [1]


def test_result_holds_everything_once_it_is_complete():
    result = finished(seed=5).to_dict()
    assert result["complete"]
    assert result["seed_of_order"] == 5
    assert result["trials_fixed_beforehand"] == len(result["trials"]) == 16
    assert result["statistics"]["correct"] == 16
    assert result["statistics"]["verdict"] == "difference"
    assert result["started"] <= result["trials"][0]["time"] <= result["finished"]
    assert json.loads(json.dumps(result)) == result
