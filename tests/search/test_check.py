"""The check of a plan: its report, its exit codes, and its answer on real sentences."""

import json

import pandas as pd
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.audio_metrics import METRICS
from lightning_v2.analysis.controls import CONTROLS
from lightning_v2.analysis.equivalence import ENDPOINTS, Endpoint
from lightning_v2.cli import main
from lightning_v2.identity import code_label
from lightning_v2.precision import Plan
from lightning_v2.search import check as checks
from lightning_v2.search.store import Results

GOOD = {metric.name: metric.bound for metric in METRICS} | {
    "pesq_wb_mos": 4.6,
    "lsd_2_to_4_percent": 0.0,
    "frames": 100,
}
BAD = GOOD | {"zimtohrli": 1e-3, "f0_p95_cents": 40.0}


@pytest.fixture
def results(monkeypatch, tmp_path):
    """results[measurement or control] = what it finds, in place of a real sweep."""
    found = {
        "teacher_forced": GOOD,
        "free_running": GOOD | {"heard": "one two three"},
        "recognised": {"heard": "one two three"},
        **{
            c.name: GOOD | {"heard": "one two three"} if c.must == "pass" else BAD for c in CONTROLS
        },
    }
    asked = []

    def sweep(units, folder, **options):
        asked.append((folder, options))
        rows = []
        for unit in units:
            values = found[unit.parameters.get("change", unit.measurement)]
            if callable(values):
                values = values(unit.parameters["plan"])
            error = values if isinstance(values, str) else None
            rows.append(
                {"measurement": unit.measurement, "change": None, "heard": None, "code": "0.1.0"}
                | unit.parameters
                | {"error": error}
                | ({} if error else values)
            )
        return pd.DataFrame(rows).astype({name: float for name in GOOD if name in rows[0]})

    monkeypatch.setattr(checks, "sweep", sweep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    found["asked"] = asked
    return found


def run(*arguments):
    return main(["check", "bf16", "--sentences", "3", *arguments])


def test_equivalent(results, tmp_path, capsys):
    path = tmp_path / "check.json"
    assert run("-o", str(path), "--folder", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "bf16: EQUIVALENT\n" in shown
    assert "3 held-out sentences" in shown and "fast tier" in shown
    assert "note: 3 sentences: the definition asks for 100" in shown
    assert "not judged, the verdict does not rest on them: PESQ-WB, change (recordings)" in shown
    assert results["asked"] == [(tmp_path, {"scheduler": None, "workers": None, "progress": True})]

    record = json.loads(path.read_text())
    assert record["equivalent"] is True
    assert record["kind"] == "emulated"
    assert record["tier"] == "fast"
    assert record["sample"]["identifiers"] == ["LJ016-0222", "LJ026-0143", "LJ015-0012"]
    assert Plan.parse(record["plan"]["yaml"]).digest == record["plan"]["digest"]
    assert record["voice"]["digest"] == lv2.load().digest
    assert [c["name"] for c in record["controls"]] == [c.name for c in CONTROLS]
    assert all(c["right"] for c in record["controls"])
    holds = {endpoint["label"]: endpoint["holds"] for endpoint in record["endpoints"]}
    assert holds["PESQ-WB"] is True and holds["MCD, change"] is None
    assert record["packages"]["torch"]


def test_results_of_other_code_are_counted(results, tmp_path, capsys):
    store = Results(tmp_path)
    for key in "ab":
        store.write(key, "teacher_forced", {}, [GOOD], None, 1.0, "0.1.0 957b39c")
    store.write("c", "teacher_forced", {}, [GOOD], None, 1.0, code_label())
    assert run("--folder", str(tmp_path)) == 0
    assert "note: 2 results of other code lie in the store, not used\n" in capsys.readouterr().out


def test_not_equivalent(results, tmp_path, capsys):
    results["teacher_forced"] = BAD | {"f0_median_cents": float("inf")}
    path = tmp_path / "check.json"
    assert run("-o", str(path)) == 1
    assert (
        "bf16: NOT EQUIVALENT; fails zimtohrli, F0, median, F0, 95th percentile\n"
        in capsys.readouterr().out
    )
    record = json.loads(path.read_text())
    assert record["equivalent"] is False
    bounds = {endpoint["label"]: endpoint["bound"] for endpoint in record["endpoints"]}
    assert bounds["F0, median"] == "inf"


def test_words_that_are_lost_and_words_that_flip(results, capsys):
    for name in ("recognised", *(c.name for c in CONTROLS)):
        results[name] = results[name] | {"heard": "one the two three"}
    results["free_running"] = GOOD | {"heard": "six the seven eight"}
    assert run() == 0  # as wrong as before, in other words
    shown = capsys.readouterr().out
    assert "not judged" in next(line for line in shown.splitlines() if "recogniser agrees" in line)
    assert "note: recogniser agrees is not judged: the recogniser is too weak" in shown
    results["free_running"] = GOOD | {"heard": ""}
    assert run() == 1
    assert "NOT EQUIVALENT; fails word error rate, change\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "values"),
    [("white noise", GOOD), ("16-bit rounding", BAD | {"heard": "one two three"})],
)
def test_a_wrong_control_voids_the_verdict(results, tmp_path, capsys, name, values):
    results[name] = values
    path = tmp_path / "check.json"
    assert run("-o", str(path)) == 2
    captured = capsys.readouterr()
    assert "bf16: NO VERDICT" in captured.out
    assert f"controls came out wrong: {name}" in captured.err
    assert json.loads(path.read_text())["equivalent"] is None


def test_without_controls(results, capsys):
    results["white noise"] = GOOD
    assert run("--no-controls") == 0
    assert "note: no controls" in capsys.readouterr().out


def test_against_recordings(results, tmp_path, capsys):
    assert run("--recordings", str(tmp_path)) == 2
    assert "has no recording of a sentence, such as LJ016-0222.wav" in capsys.readouterr().err
    for name in ("LJ016-0222", "LJ026-0143"):
        (tmp_path / f"{name}.wav").write_bytes(b"")
    near = {"pesq_wb_mos": 2.0, "stoi": 0.9, "mcd_db": 4.0}
    results["against_recording"] = lambda plan: near if plan is None else near | {"stoi": 0.8985}
    assert run("--recordings", str(tmp_path)) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines() if "recordings" in line]
    assert [line[-1] for line in shown] == ["holds"] * 3
    assert shown[1][3:6] == ["2", "-0.0015", "-0.0015"]
    results["against_recording"] = lambda plan: near if plan is None else near | {"stoi": 0.897}
    assert run("--recordings", str(tmp_path)) == 1
    assert "NOT EQUIVALENT; fails STOI, change\n" in capsys.readouterr().out


def test_failed_units_are_no_verdict(results, capsys):
    results["free_running"] = "ValueError: not spoken"
    assert run("--no-controls") == 2
    error = capsys.readouterr().err
    assert "3 of 9 units failed, for example free_running of 'It may be" in error
    assert "ValueError: not spoken" in error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["check", "naiv"], "did you mean 'naive'"),
        (["check", "bf16", "--sentences", "1"], "legal are 2 to 240"),
        (["check", "bf16", "--tier", "quick"], "tier is 'quick'"),
        (["check", "bf16", "--voice", "nobody"], "no voice 'nobody'"),
        (["check", "bf16", "-o", "missing/a.json"], "missing is not a folder"),
        (["check", "bf16", "--workers", "0"], "workers is 0"),
    ],
)
def test_what_cannot_run(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--folder", "results"]) == 2
    assert reason in capsys.readouterr().err


def test_real_sentences(tmp_path):
    """Nothing stubbed: what must pass does, what must fail does, and a rerun computes nothing."""
    # Three sentences say little of the words that a recogniser agrees on.
    endpoints = [e for e in ENDPOINTS if e.run == "teacher-forced"]
    texts = {"a": "Seven silver ships.", "b": "He never reached it alive."}
    found = lv2.check(
        "fp32", texts, folder=tmp_path, endpoints=endpoints, resamples=999, progress=False
    )
    assert found.wrong_controls == ()
    assert [c.verdict.equivalent for c in found.controls] == [c.must == "pass" for c in CONTROLS]
    again = lv2.check(
        "fp32",
        texts,
        folder=tmp_path,
        endpoints=endpoints,
        resamples=999,
        scheduler="tcp://127.0.0.1:1",  # nobody is there, and nobody needed
    )
    assert again.to_dict() == found.to_dict()
    strict = Endpoint("PESQ-WB", "pesq_wb_mos", "mean", ">=", 4.65, "MOS-LQO")
    assert not lv2.check(
        "fp32", texts, folder=tmp_path, endpoints=[strict], controls=False
    ).equivalent
