"""State, undo, stale results, cancelled runs: without a widget, and without computing speech."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.model import Speech
from lightning_v2.precision import Plan
from lightning_v2.text import TextError
from widgets.explorer.explorer_result import Result, Results
from widgets.explorer.explorer_session import Abandoned, Session
from widgets.explorer.explorer_state import MOST_CHARACTERS, State

WAIT_S = 20


def speech(text):
    return Speech(text, np.ones(10, np.float32), ("a",), frames=(1,), sample_rate=24000, hop=10)


class Steps:
    """Results without a voice. A run of a text in `held` waits in the middle until it is let go."""

    def __init__(self):
        self.held, self.inside, self.go = set(), threading.Event(), threading.Event()
        self.begun, self.abandoned, self.fail = [], [], {}

    def __call__(self, state, after_site):
        self.begun.append(state.text)
        result = Result(state, speech("reference"), speech(state.text))
        yield result
        if state.text in self.held:
            self.inside.set()
            assert self.go.wait(WAIT_S)
        try:
            after_site()
        except Abandoned:
            self.abandoned.append(state.text)
            raise
        if state.text in self.fail:
            raise self.fail[state.text]
        result = replace(result, metrics={"snr_db": float(len(state.text))})
        yield result
        yield replace(result, layers=pd.DataFrame({"site": [state.text]}))


@pytest.fixture
def steps():
    return Steps()


@pytest.fixture
def session(steps):
    session = Session(State("One.", "lark", "fp32", Plan.load("bf16")), steps, debounce_s=0.0)
    yield session
    steps.go.set()
    session.close()


def text_of(result):
    """Of all that a result holds: never may two of them differ."""
    texts = {result.state.text, result.candidate.text}
    if result.whole:
        texts |= {result.layers["site"][0]}
    assert len(texts) == 1
    return texts.pop()


def test_the_first_result_is_there_at_once(session):
    assert text_of(session.shown) == "One."
    assert (session.busy, session.stale, session.can_undo) == (False, False, False)
    assert [trial.number for trial in session.trials] == [1]


def test_a_change_is_computed_and_shown_as_it_grows(session):
    seen = []
    session.listen(lambda: seen.append((text_of(session.shown), session.stale, session.busy)))
    assert session.set(text="Two.")
    assert text_of(session.wait(WAIT_S)) == "Two."
    assert session.shown.whole
    assert seen == [
        ("One.", True, True),
        ("Two.", False, True),
        ("Two.", False, True),
        ("Two.", False, False),
    ]


def test_what_was_computed_before_is_there_at_once(session, steps):
    session.set(text="Two.")
    session.wait(WAIT_S)
    session.undo()
    assert (text_of(session.shown), session.busy, session.stale) == ("One.", False, False)
    session.redo()
    assert (text_of(session.shown), session.busy) == ("Two.", False)
    assert steps.begun == ["One.", "Two."]


def test_undo_and_redo_walk_the_choices(session):
    for text in ("Two.", "Three."):
        session.set(text=text)
    session.undo()
    session.undo()
    assert (session.state.text, session.can_undo, session.can_redo) == ("One.", False, True)
    session.undo()
    assert session.state.text == "One."
    session.redo()
    session.set(text="Four.")
    assert not session.can_redo
    session.undo()
    assert session.state.text == "Two."


def test_only_the_last_of_quick_changes_is_shown(session, steps):
    shown = []
    session.listen(lambda: shown.append(text_of(session.shown)))
    steps.held = {"Two."}
    session.set(text="Two.")
    assert steps.inside.wait(WAIT_S)
    session.set(text="Three.")
    session.set(text="Four.")
    steps.go.set()
    assert text_of(session.wait(WAIT_S)) == "Four."
    assert steps.begun == ["One.", "Two.", "Four."]
    assert steps.abandoned == ["Two."]
    assert "Three." not in shown
    assert [trial.state.text for trial in session.trials] == ["One.", "Four."]


def test_nothing_begins_before_it_has_been_quiet(steps):
    session = Session(State("One.", "lark", "fp32", Plan.load("bf16")), steps, debounce_s=3600.0)
    session.set(text="Two.")
    with pytest.raises(TimeoutError, match=r"no result after 0.05 s: bf16 against fp32"):
        session.wait(0.05)
    assert (steps.begun, session.busy, session.stale) == (["One."], True, True)
    session.close()


def test_cancelling_returns_to_the_last_complete_result(session, steps):
    steps.held = {"Two."}
    session.set(text="Two.")
    assert steps.inside.wait(WAIT_S)
    assert text_of(session.shown) == "Two."  # its sound is there already, and nothing else
    session.cancel()
    assert (session.state.text, text_of(session.shown)) == ("One.", "One.")
    assert session.shown.whole
    assert (session.busy, session.stale, session.can_undo) == (False, False, False)
    assert session.message.startswith("Cancelled. Back at bf16 against fp32")
    steps.go.set()
    session.set(text="Three.")
    assert text_of(session.wait(WAIT_S)) == "Three."
    assert session.message == ""
    assert steps.abandoned == ["Two."]


def test_cancelling_nothing_does_nothing(session):
    session.cancel()
    assert (session.message, session.state.text) == ("", "One.")


def test_a_run_that_fails_says_why_and_keeps_the_state_before(session, steps):
    steps.fail = {"Two.": RuntimeError("no memory left")}
    session.set(text="Two.")
    assert text_of(session.wait(WAIT_S)) == "One."
    assert session.state.text == "One."
    assert session.message.startswith("RuntimeError: no memory left. Back at")
    session.set(text="Three.")
    assert text_of(session.wait(WAIT_S)) == "Three."


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": ""}, "nothing to say"),
        ({"text": "a\x00b"}, "control character"),
        ({"text": "word " * MOST_CHARACTERS}, "at most 200 can be explored"),
        ({"reference": "nothing"}, "no such plan"),
        ({"voice": "nobody"}, "no voice 'nobody'"),
    ],
)
def test_an_illegal_choice_is_refused_and_everything_stays(session, fields, message):
    before = session.state, session.shown
    assert not session.set(**fields)
    assert message in session.message
    assert (session.state, session.shown) == before
    assert (session.busy, session.can_undo) == (False, False)
    session.set(text="Two.")
    assert session.message == ""


def test_an_impossible_plan_is_refused(session):
    assert not session.choose(lambda s: s.edited(["source.phase"], {"output": "bfloat4_b"}))
    assert "only uint32, float32, bfloat16" in session.message
    assert session.state.changes == ()


def test_an_illegal_beginning_is_an_exception(steps):
    with pytest.raises(TextError):
        Session(State("", "lark", "fp32", Plan.load("bf16")), steps)


def test_going_back_in_history(session):
    session.set(text="Two.")
    session.wait(WAIT_S)
    assert session.back_to(1)
    assert text_of(session.shown) == "One."
    session.undo()
    assert text_of(session.shown) == "Two."
    assert len(session.trials) == 2
    with pytest.raises(ValueError, match="no trial 7, only 1 to 2"):
        session.back_to(7)


def test_changes_always_start_in_the_fast_tier(session):
    session.set(tier="exact")
    assert session.wait(WAIT_S).state.tier == "exact"
    session.choose(lambda state: state.edited(["decoder.input"], {"output": "float32"}))
    assert session.wait(WAIT_S).state.tier == "fast"


def test_a_state_is_known_by_what_it_says():
    one = State("One.", "lark", "fp32", Plan.load("bf16"))
    assert one.key == State("One.", "lark", "fp32", Plan.load("bf16")).key
    others = {"text": "Two.", "reference": "bf16", "base": Plan.load("naive"), "seed": 1}
    others |= {"tier": "exact"}
    keys = {replace(one, **{name: value}).key for name, value in others.items()}
    assert len(keys | {one.key}) == len(others) + 1


def test_the_oldest_results_are_forgotten():
    results = Results(most=2)
    states = [State(text, "lark", "fp32", Plan.load("bf16")) for text in ("a", "b", "c")]
    made = [Result(state, speech("r"), speech(state.text)) for state in states]
    results.add(made[0])
    results.add(made[1])
    assert results.get(states[0]) is made[0]
    results.add(made[2])
    assert [results.get(state) for state in states] == [made[0], None, made[2]]


def test_an_incomplete_result_is_no_comparison(session):
    part = replace(session.shown, layers=None)
    with pytest.raises(ValueError, match="not complete"):
        _ = part.comparison
