"""Records of checks: what is read back, what is refused, and what is shipped."""

import copy
import json
from dataclasses import replace

import pandas as pd
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.display.picture import DARK
from lightning_v2.analysis.metrics.endpoints import ENDPOINTS
from lightning_v2.analysis.verdict.control_verdict import ControlVerdict, control_table
from lightning_v2.analysis.verdict.controls import CONTROLS
from lightning_v2.analysis.verdict.equivalence import judge
from lightning_v2.chapters.find_a_plan.check_figures import (
    REACH,
    control_sheet,
    endpoint_sheet,
    forest,
    used_share,
)
from lightning_v2.precision import Plan
from lightning_v2.resources import data_path
from lightning_v2.search.check_record import Check
from lightning_v2.search.check_words import CheckWords

GOOD = {"pesq_wb_mos": 4.6, "zimtohrli": 1e-4, "lsd_above_4_percent": 0.0, "frames": 300.0}
BAD = GOOD | {"pesq_wb_mos": 3.0, "lsd_above_4_percent": 2.0}


def verdict(values):
    return judge({"teacher-forced": pd.DataFrame([values] * 5)}, resamples=99)


def made(values=GOOD, **control_values):
    """A check whose plan measures `values`, its controls what they must or what is given."""
    return Check(
        plan=Plan.load("bf16"),
        voice="lark",
        voice_digest="0" * 64,
        tier="fast",
        seed=0,
        sentences=tuple("abcde"),
        verdict=verdict(values),
        controls=tuple(
            ControlVerdict(
                c.name,
                c.what,
                c.must,
                verdict(control_values.get(c.name, GOOD if c.must == "pass" else BAD)),
            )
            for c in CONTROLS
        ),
        free_running={},
        code=("0.1.0",),
        resamples=99,
        asked=5,
    )


def through_json(check):
    return json.loads(json.dumps(check.to_dict(), allow_nan=False))


@pytest.mark.parametrize("values", [GOOD, BAD, GOOD | {"zimtohrli": float("inf")}])
def test_a_loaded_check_is_the_one_that_was_made(values, tmp_path):
    free = {"snr_db": 20.5, "gain_db": float("inf")}
    check = replace(made(values), free_running=free, set_aside=3)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(through_json(check)))
    record = lv2.Check.load(path)
    assert type(record) is type(check) and record == check and hash(record) == hash(check)
    for name in vars(check).keys() - {"plan", "verdict", "controls"}:
        assert getattr(record, name) == getattr(check, name), name
    assert record.verdict.table().equals(check.verdict.table())
    assert record.plan.to_yaml() == check.plan.to_yaml()
    assert record.notes == check.notes and "3 results that another version" in " ".join(
        record.notes
    )
    assert (record.answer, record.equivalent) == (check.answer, check.equivalent)
    assert [c.right for c in record.controls] == [c.right for c in check.controls]
    assert record != replace(check, seed=1) and record != "a check"


def test_where_a_check_was_made_is_kept():
    content = through_json(made()) | {"time": "2026-01-01", "commit": "abc", "machine": {}}
    assert Check.from_dict(content).to_dict() == content


def test_a_wrong_control_is_no_verdict():
    record = made(**{"white noise": GOOD})
    assert record.answer == "no verdict"
    words = CheckWords(record)
    assert (
        words.verdict == "bf16 for lark: no verdict, because controls came out wrong: white noise."
    )
    count = len(CONTROLS)
    assert words.lines()[0] == f"{count - 1} of {count} controls come out as they must."
    table = control_table(record.controls).set_index("control")
    assert table.loc["white noise", ["must", "does", "right"]].tolist() == ["fail", "pass", "NO"]
    assert table.loc["pitch shift", "fails"] == "PESQ-WB; frames above 4 dB LSD"


def test_words_name_what_fails_and_where_it_comes_from():
    content = through_json(made(BAD)) | {
        "time": "2026-01-01", "commit": "abc", "machine": {"cpu": "a CPU"},
    }  # fmt: skip
    text = repr(CheckWords(Check.from_dict(content)))
    assert text.startswith(
        f"bf16 for lark: not equivalent, with {len(CONTROLS)} controls; fails: PESQ-WB; frames "
        "above 4 dB LSD.\n"
    )
    assert "Note: no panel has listened." in text
    assert "emulated, fast tier" in text and "made 2026-01-01, commit abc, a CPU" in text
    html = CheckWords(Check.from_dict(content))._repr_html_()
    assert "not equivalent" in html and "<li>" in html


def test_says_plainly_that_it_is_of_another_plan_or_voice():
    record, voice = made(), lv2.load()
    same, other = Plan.load("bf16"), Plan.load("naive")
    words = CheckWords(record, other, voice)
    assert words.verdict.startswith(
        "naive: no verdict on this plan and voice; the record, of other"
    )
    first, second = words.lines()[:2]
    assert first.startswith("This record is of another plan: it tested bf16 ")
    assert f"at hand is naive {other.digest[:12]}" in first
    assert second.startswith("This record is of another voice: it tested lark 000000000000")
    assert len(record.differences(same, voice)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.pop("endpoints"), "'endpoints' is missing"),
        (lambda c: c["endpoints"][0].pop("limit"), "'limit' is missing"),
        (lambda c: c.update(answer="not equivalent"), "it states 'not equivalent' and plan"),
        (lambda c: (c.pop("answer"), c.update(equivalent=True)), "made by an older definition"),
        (lambda c: c["endpoints"][0].update(sentences=4), "of 4 sentences it is 'not resolved'"),
        (lambda c: c["plan"].update(digest="f" * 64), "plan ffffffffffff, its figures"),
        (lambda c: c["endpoints"][0].update(bound=1.0), "PESQ-WB is stated as 'holds', but with"),
        (
            lambda c: c["endpoints"][0].update(state="not judged"),
            "PESQ-WB is stated as 'not judged",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, change, reason):
    content = copy.deepcopy(through_json(made()))
    change(content)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=reason) as raised:
        Check.load(path)
    assert str(path) in str(raised.value)


def test_a_record_of_another_definition_says_so():
    content = through_json(made())
    limit = next(e for e in content["endpoints"] if e["label"] == "gain error")
    limit["limit"] = 0.3
    content["endpoints"] = [e for e in content["endpoints"] if e["run"] != "free-running"]
    content["controls"] = [c for c in content["controls"] if c["name"] != "naive plan"]
    definition, controls = CheckWords(Check.from_dict(content)).lines()[:2]
    assert definition.startswith("This record is not of the whole definition of the test")
    assert "with another limit: gain error, length, change, " in definition
    assert controls == "Controls that it does not have: naive plan."


def test_a_record_of_another_recogniser_says_so():
    content = through_json(made())
    assert content["recogniser"] == "Whisper tiny.en"
    words = judge(
        {"free-running": pd.DataFrame([{"word_error_change_points": 0.0, "words": 9}] * 5)}
    )
    content = through_json(replace(made(), verdict=words))
    assert "another recogniser" not in repr(CheckWords(Check.from_dict(content)))
    del content["recogniser"]
    said = repr(CheckWords(Check.from_dict(content)))
    assert "Its words were heard by another recogniser: pocketsphinx." in said


def test_few_sentences_are_said_to_be_too_few():
    few = judge({"teacher-forced": pd.DataFrame([GOOD] * 3)}, resamples=99)
    words = CheckWords(replace(made(), sentences=tuple("abc"), asked=3, verdict=few, controls=()))
    assert words.verdict == (
        "bf16 for lark: not resolved, without controls: 3 sentences are too few to say."
    )


def test_without_controls_none_are_counted():
    words = CheckWords(replace(made(), controls=()))
    assert words.verdict == "bf16 for lark: equivalent, without controls."
    assert "0 of 0" not in repr(words)
    assert any("nothing shows that this sample" in line for line in words.lines())
    one = CheckWords(replace(made(), controls=made().controls[:1]))
    assert one.verdict == "bf16 for lark: equivalent, with 1 control."


def test_a_plan_without_a_record():
    with pytest.raises(FileNotFoundError, match="lightning-v2 check naive --tier exact -o"):
        Check.load("naive")


@pytest.mark.parametrize("path", sorted(data_path("checks").glob("*.json")), ids=lambda p: p.stem)
def test_shipped_records_are_of_what_is_shipped(path):
    record = Check.load(path.stem)
    assert record.differences(Plan.load(path.stem), lv2.load(record.voice)) == ()
    assert record.tier == "exact" and record.verdict.sentences >= 100
    assert set(record.origin) == {"time", "commit", "machine"}


def endpoint(label):
    return next(e for e in ENDPOINTS if e.label == label)


@pytest.mark.parametrize(
    ("label", "value", "share"),
    [
        ("PESQ-WB", 4.5, 1.0),
        ("PESQ-WB", 4.644, 0.0),
        ("zimtohrli", 6e-4, 2.0),
        ("frames above 4 dB LSD", 0.0, 0.0),
        ("frames above 4 dB LSD", 0.1, float("inf")),
        ("recogniser agrees", 99.0, 0.5),
        ("STOI, change", -0.002, 1.0),
        ("STOI, change", 0.002, -1.0),
    ],
)
def test_used_share(label, value, share):
    assert used_share(endpoint(label), value) == pytest.approx(share)


def test_a_share_above_1_is_a_limit_that_does_not_hold():
    for entry in ENDPOINTS:
        if entry.relation in (">=", "<="):
            for value in (entry.limit - 0.01, entry.limit, entry.limit + 0.01):
                assert (used_share(entry, value) <= 1) == entry.holds(value)


def test_the_forest_shows_plan_and_controls():
    record = made(BAD)
    picture = forest(record)
    (axes,) = picture.figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "PESQ-WB (≥ 4.5 MOS-LQO)", "zimtohrli (≤ 0.0003)", "frames above 4 dB LSD (≤ 0 %)",
    ]  # fmt: skip
    passing = sum(control.must == "pass" for control in CONTROLS)
    marks = [line.get_marker() for line in axes.lines]
    assert (marks.count("D"), marks.count("o"), marks.count("x")) == (
        3,
        3 * passing,
        3 * (len(CONTROLS) - passing),
    )
    drawn = {line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"}
    assert max(drawn) == REACH
    hollow = [x for x in axes.lines if x.get_marker() == "D" and x.get_markerfacecolor() == "none"]
    assert len(hollow) == 2
    assert "Fails: PESQ-WB; frames above 4 dB LSD" in picture.alt
    assert len(picture.data["endpoints"]) == 3 * (1 + len(CONTROLS))
    assert len(picture.image(DARK)) > 5000


def test_sheets():
    record = made(GOOD | {"pesq_wb_mos": 4.4971})
    html = endpoint_sheet(record)._repr_html_()
    assert "4.497" in html and "FAILS" in html and "not judged" in html
    assert "16-bit rounding" in control_sheet(record)._repr_html_()
