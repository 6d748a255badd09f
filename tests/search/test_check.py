"""The check of a plan: its report, its exit codes, and its answer on real sentences."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
import soundfile

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.metrics.endpoints import ENDPOINTS, Endpoint
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES, METRICS
from lightning_v2.analysis.verdict.controls import CONTROLS
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError
from lightning_v2.identity import code_label
from lightning_v2.precision import Plan
from lightning_v2.search import check as checks
from lightning_v2.search.sweep.store import Results
from lightning_v2.search.sweep.sweep import UnitBug

GOOD = {metric.name: metric.bound for metric in METRICS} | {
    "pesq_wb_mos": 4.6,
    "lsd_2_to_4_percent": 0.0,
    "length_change_percent": 0.2,
    "boundary_shift_p95_ms": 6.0,
    "frames": 300,
}
BAD = GOOD | {"zimtohrli": 1e-3, "f0_p95_cents": 95.0}
NOT_SCORED = {
    f"dnsmos_{score}{of}_mos": float("nan") for score in DNSMOS_SCORES for of in ("", "_reference")
}
ENOUGH = "60"
"""Sentences that can resolve every endpoint."""


@pytest.fixture
def results(monkeypatch, tmp_path):
    """results[measurement or control] = what it finds, in place of a real sweep; {said} in what is
    heard is the sentence."""
    found = {
        "teacher_forced": GOOD,
        "free_running": GOOD | {"heard": "{said}"},
        "alone": {"heard": "{said}"},
        **{c.name: GOOD | {"heard": "{said}"} if c.must == "pass" else BAD for c in CONTROLS},
    }
    asked = []

    def row(unit):
        values = found[unit.parameters.get("change", unit.measurement)]
        if callable(values):
            values = values(unit.parameters.get("plan", unit.parameters["sentence"]))
        error = values if isinstance(values, str) else None
        if not error and values.get("heard"):
            values = values | {"heard": values["heard"].format(said=unit.parameters["sentence"])}
        return (
            {"measurement": unit.measurement, "change": None, "heard": None, "code": "0.1.0"}
            | NOT_SCORED
            | unit.parameters
            | {"error": error}
            | ({} if error else values)
        )

    def sweep_in_parts(parts, folder, **options):
        asked.append((folder, options))
        for units in parts:
            rows = pd.DataFrame(map(row, units))
            yield rows.astype({name: float for name in GOOD if name in rows})

    monkeypatch.setattr(checks, "sweep_in_parts", sweep_in_parts)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    found["asked"] = asked
    return found


def run(*arguments, sentences=ENOUGH):
    return main(["check", "bf16", "--sentences", sentences, *arguments])


def test_equivalent(results, tmp_path, capsys):
    path = tmp_path / "check.json"
    assert run("-o", str(path), "--folder", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "bf16: EQUIVALENT\n" in shown
    assert "60 held-out sentences" in shown and "fast tier" in shown
    assert "note: 60 sentences: the definition asks for 100" in shown
    assert "not judged, the verdict does not rest on them: PESQ-WB, change (recordings)" in shown
    assert results["asked"] == [(tmp_path, {"scheduler": None, "workers": None, "progress": True})]

    record = json.loads(path.read_text())
    assert record["answer"] == "equivalent"
    assert record["kind"] == "emulated"
    assert record["tier"] == "fast"
    assert record["sample"]["identifiers"][:2] == ["LJ016-0222", "LJ026-0143"]
    assert Plan.parse(record["plan"]["yaml"]).digest == record["plan"]["digest"]
    assert record["voice"]["digest"] == lv2.load().digest
    assert [c["name"] for c in record["controls"]] == [c.name for c in CONTROLS]
    assert all(c["right"] for c in record["controls"])
    states = {endpoint["label"]: endpoint["state"] for endpoint in record["endpoints"]}
    assert states["PESQ-WB"] == "holds" and states["MCD, change"] == "not judged"
    assert record["packages"]["torch"]


def test_the_report_fits_a_terminal(results, capsys):
    results["white noise"] = {name: float("inf") for name in GOOD}
    assert run() == 0
    table, shown = capsys.readouterr().out.split("\nnote: ")[0].split("\ncontrol ")
    assert max(map(len, table.splitlines()[3:])) <= 110
    assert max(map(len, shown.splitlines())) <= 100
    white = shown.splitlines()[[c.name for c in CONTROLS].index("white noise") * 3 + 1 :]
    assert white[0].split() == ["white", "noise", "fail", "fail", "yes"]
    assert white[1].strip().startswith("at ")
    assert white[2].strip().startswith("fails: zimtohrli; ")


def test_results_of_other_code_are_counted(results, tmp_path, capsys):
    store = Results(tmp_path)
    for key in "ab":
        store.write(key, "teacher_forced", {}, [GOOD], None, 1.0, "0.1.0 957b39c")
    store.write("c", "teacher_forced", {}, [GOOD], None, 1.0, code_label())
    assert run("--folder", str(tmp_path)) == 0
    assert (
        "note: 2 results that another version of the library left in the store were not used\n"
        in capsys.readouterr().out
    )


def test_not_equivalent(results, tmp_path, capsys):
    results["teacher_forced"] = BAD | {"f0_median_cents": float("inf")}
    path = tmp_path / "check.json"
    assert run("-o", str(path)) == 1
    assert (
        "bf16: NOT EQUIVALENT; fails zimtohrli, F0, median, F0, 95th percentile\n"
        in capsys.readouterr().out
    )
    record = json.loads(path.read_text())
    assert record["answer"] == "not equivalent"
    bounds = {endpoint["label"]: endpoint["bound"] for endpoint in record["endpoints"]}
    assert bounds["F0, median"] == "inf"


class TestEarly:
    def test_the_first_sentences_are_enough_to_refuse(self, results, tmp_path, capsys):
        results["teacher_forced"] = BAD
        path = tmp_path / "check.json"
        assert run("-o", str(path)) == 1
        shown = capsys.readouterr().out
        assert "note: plainly not equivalent: 10 of 60 sentences were enough to say" in shown
        assert "with 0.10% of error" in shown and "too few sentences" not in shown
        record = json.loads(path.read_text())
        assert (record["sample"]["sentences"], record["sample"]["asked"]) == (10, 60)
        assert lv2.Check.load(path).early

    def test_or_all_of_them_where_that_is_asked_for(self, results, capsys):
        results["teacher_forced"] = BAD
        assert run("--whole") == 1
        assert "60 held-out sentences" in capsys.readouterr().out

    def test_never_accept(self, results):
        assert len(lv2.check("bf16", checks.held_out(60), progress=False).sentences) == 60

    def test_never_answer_beside_a_control_that_came_out_wrong(self, results):
        results["teacher_forced"] = BAD
        results["white noise"] = GOOD
        found = lv2.check("bf16", checks.held_out(60), progress=False)
        assert found.answer == "no verdict" and len(found.sentences) == 60


def test_words_that_are_lost_and_words_too_many(results, capsys):
    results["free_running"] = GOOD | {"heard": "{said} and on, and on"}
    assert run() == 1
    assert "NOT EQUIVALENT; fails word error rate, change\n" in capsys.readouterr().out
    results["free_running"] = GOOD | {"heard": ""}
    assert run() == 1
    failed = "NOT EQUIVALENT; fails recogniser agrees, word error rate, change\n"
    assert failed in capsys.readouterr().out


def test_the_same_bits_say_the_same_words(results, capsys):
    results["alone"] = {"heard": "{said} and on, and on"}
    for name in ("free_running", *(c.name for c in CONTROLS if c.must == "pass")):
        results[name] = results[name] | {"heard": None}
    assert run() == 0


def test_naturalness_is_reported_and_not_judged(results, capsys):
    for name, of, value in (("alone", "_reference", 3.4), ("free_running", "", 2.9)):
        scores = {f"dnsmos_{score}{of}_mos": value for score in ("ovrl", "p808")}
        results[name] = results[name] | scores
    assert run() == 0
    shown = capsys.readouterr().out
    line = next(line.split() for line in shown.splitlines() if "DNSMOS overall" in line)
    assert line[-2:] == ["not", "judged"] and "-0.5" in line
    assert "note: not judged: DNSMOS overall, change, DNSMOS P.808, change: it scores" in shown
    assert "dnsmos_ovrl_reference_mos 3.4" in shown


@pytest.mark.parametrize(
    ("name", "values"),
    [("white noise", GOOD), ("16-bit rounding", BAD | {"heard": "{said}"})],
)
def test_a_wrong_control_voids_the_verdict(results, tmp_path, capsys, name, values):
    results[name] = values
    path = tmp_path / "check.json"
    assert run("-o", str(path)) == 2
    captured = capsys.readouterr()
    assert "bf16: NO VERDICT" in captured.out
    assert f"controls came out wrong: {name}" in captured.err
    assert json.loads(path.read_text())["answer"] == "no verdict"


def test_without_controls(results, capsys):
    results["white noise"] = GOOD
    assert run("--no-controls") == 0
    assert "note: no controls" in capsys.readouterr().out


def test_against_recordings(results, tmp_path, capsys):
    assert run("--recordings", str(tmp_path)) == 2
    assert "has no recording of a sentence, such as LJ016-0222.wav" in capsys.readouterr().err
    for name in list(checks.held_out(60))[:6]:
        soundfile.write(tmp_path / f"{name}.wav", [0.5, -0.5], 24000)
    near = {"pesq_wb_mos": 2.0, "stoi": 0.9, "mcd_db": 4.0}
    results["against_recording"] = lambda plan: near if plan is None else near | {"stoi": 0.8985}
    assert run("--recordings", str(tmp_path)) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines() if "recordings" in line]
    assert [line[-1] for line in shown] == ["holds"] * 3
    assert shown[1][3:6] == ["6", "-0.0015", "-0.0015"]
    results["against_recording"] = lambda plan: near if plan is None else near | {"stoi": 0.897}
    assert run("--recordings", str(tmp_path)) == 1
    assert "NOT EQUIVALENT; fails STOI, change\n" in capsys.readouterr().out


def test_a_verdict_by_the_rules_of_another_chip_says_so(results, capsys):
    with tensix.use(arch="blackhole"):
        assert run() == 0
    assert "emulated by the rules of blackhole" in capsys.readouterr().out
    assert run() == 0
    assert "by the rules of" not in capsys.readouterr().out


def test_a_mistake_in_a_worker_is_a_mistake_of_ours(results, monkeypatch, capsys):
    def sweep_in_parts(*_, **__):
        raise UnitBug("free_running of {}:\nTraceback (most recent call last)\nKeyError: 'f0'")
        yield

    monkeypatch.setattr(checks, "sweep_in_parts", sweep_in_parts)
    assert run("--no-controls") == 70
    assert "KeyError: 'f0'" in capsys.readouterr().err


def test_failed_units_are_no_verdict(results, capsys):
    results["free_running"] = "ValueError: not spoken"
    assert run("--no-controls") == 2
    error = capsys.readouterr().err
    assert "10 of 30 units failed, for example free_running of 'It may be" in error
    assert "ValueError: not spoken" in error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["check", "naiv"], "did you mean 'naive'"),
        (["check", "bf16", "--voice", "nobody"], "no voice 'nobody'"),
        (["check", "bf16", "-o", "missing/a.json"], "missing is not a folder"),
    ],
)
def test_what_cannot_run(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--folder", "results"]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sentences": {"a": "One."}}, "1 sentences; a confidence bound needs at least 2"),
        ({"endpoints": []}, "no endpoints"),
        ({"resamples": 0}, "resamples is 0; legal are 99 and more"),
        ({"tier": "quick"}, "tier is 'quick'"),
    ],
)
def test_what_can_say_nothing_is_refused_before_anything_is_spoken(results, options, reason):
    with pytest.raises(ArgumentError, match=reason):
        lv2.check("bf16", **{"sentences": {"a": "One.", "b": "Two."}, **options})
    assert results["asked"] == []


class TestFewSentences:
    def test_nothing_fails_and_nothing_is_accepted(self, results, tmp_path, capsys):
        path = tmp_path / "check.json"
        assert run("-o", str(path), sentences="3") == 2
        captured = capsys.readouterr()
        assert "bf16: NOT RESOLVED\n" in captured.out
        assert "note: too few sentences to resolve: PESQ-WB, zimtohrli" in captured.out
        assert "not resolved: 3 sentences are too few to say" in captured.err
        assert json.loads(path.read_text())["answer"] == "not resolved"

    def test_a_plan_that_plainly_fails_is_not_equivalent(self, results, capsys):
        results["teacher_forced"] = BAD
        assert run(sentences="3") == 1
        assert "bf16: NOT EQUIVALENT; fails zimtohrli" in capsys.readouterr().out

    def test_nothing_is_said_where_a_control_is_heard_otherwise(self, results, capsys):
        results["teacher_forced"] = BAD
        results["16-bit rounding"] = GOOD | {"heard": "one two four"}
        assert run(sentences="3") == 2
        assert "controls came out wrong: 16-bit rounding" in capsys.readouterr().err

    def test_many_sentences_without_the_percentile(self, results, capsys):
        assert run(sentences="58") == 2
        assert (
            "note: too few sentences to resolve: length, 95th percentile of sentences\n"
            in capsys.readouterr().out
        )

    def test_a_control_that_only_hints_at_failing_is_no_ground_to_accept(self, results):
        # Half of its sentences are beyond the limit, so that its mean may or may not be.
        results["5 % slower"] = lambda text: (
            GOOD | {"length_change_percent": 1.3 if len(text) % 2 else 0.75}
        )
        texts = {str(n): "One two three." + "!" * n for n in range(60)}
        found = lv2.check("bf16", texts, progress=False)
        assert {c.name: c.right for c in found.controls}["5 % slower"] is None
        assert found.verdict.answer == "equivalent"
        assert found.answer == "not resolved" and found.equivalent is None
        assert "too few sentences to see that these fail: 5 % slower" in found.notes


def test_free_running_prosody_is_judged(results, capsys):
    free = GOOD | {"heard": "{said}", "length_change_percent": -10.0, "f0_p95_cents": 95.0}
    results["free_running"] = free
    assert run("--no-controls") == 1
    shown = capsys.readouterr().out
    assert (
        "NOT EQUIVALENT; fails length, change, length, 95th percentile of sentences, "
        "paired F0, 95th percentile\n" in shown
    )


def test_a_part_of_the_definition_says_so(results):
    forced = [e for e in ENDPOINTS if e.run == "teacher-forced"]
    found = lv2.check("bf16", checks.held_out(60), endpoints=forced, progress=False)
    assert f"asked 12 of the {len(ENDPOINTS)} endpoints of the definition" in found.notes
    names = {c.name for c in found.controls}
    assert "white noise" in names and "prosody plan" not in names


TEXTS = {"a": "Seven silver ships.", "b": "He never reached it alive."}


def test_a_plan_whose_prosody_drifts_is_not_equivalent(tmp_path, monkeypatch, capsys, scheduler):
    """The whole voice as good as the chip gets, but for durations and F0."""
    monkeypatch.setattr(checks, "held_out", lambda count, own: TEXTS)
    path = tmp_path / "prosody.yaml"
    path.write_text(
        Plan.load("fp32").to_yaml()
        + '- {sites: [prosody.pitch, "duration.*"], weights: bfloat4_b, activations: bfloat8_b, '
        "math_fidelity: LoFi}\n"
    )
    arguments = ["--no-controls", "--scheduler", scheduler, "--folder", str(tmp_path)]
    assert main(["check", str(path), *arguments]) == 1
    assert "NOT EQUIVALENT; fails length, change, " in capsys.readouterr().out


def test_real_sentences(tmp_path, scheduler):
    """Nothing stubbed: what must fail does, what must pass does not, and a rerun computes
    nothing."""
    given = {"folder": tmp_path, "resamples": 999}
    there = {"scheduler": scheduler, "progress": False, **given}
    found = lv2.check("fp32", TEXTS, **there)
    assert found.answer == "not resolved"
    assert {c.name: c.does for c in found.controls} == {
        c.name: "not resolved" if c.must == "pass" else "fail" for c in CONTROLS
    }
    # Nobody is at this address, and nobody is needed.
    again = lv2.check("fp32", TEXTS, scheduler="tcp://127.0.0.1:1", **given)
    assert again.to_dict() == found.to_dict()
    assert lv2.check("naive", TEXTS, **there).answer == "not equivalent"
    strict = Endpoint("PESQ-WB", "pesq_wb_mos", "mean", ">=", 4.65, "MOS-LQO")
    assert not lv2.check("fp32", TEXTS, endpoints=[strict], controls=False, **there).equivalent


def test_words_of_other_languages_are_left_out_with_a_reason():
    japanese = SimpleNamespace(language_of=lambda text: "en" if text.isascii() else "ja")
    left_out = checks._unheard(japanese, {"a": "はい。", "b": "今日は。"}, ENDPOINTS)
    why = "the recogniser knows English, these sentences are in ja"
    assert left_out == {"recogniser agrees": why, "word error rate, change": why}
    assert checks._unheard(japanese, {"a": "はい。", "b": "Yes."}, ENDPOINTS) == {}
    assert checks._unheard(lv2.load(), {"a": "Oui."}, ENDPOINTS) == {}
