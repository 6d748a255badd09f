"""Units on an embedded cluster: failures, reruns, interruption, identity."""

import os
import signal
import subprocess
import sys
import warnings

import pytest
import sweep_measures  # noqa: F401, registers measurements
from dask_processes import ENVIRONMENT, wait_until

from lightning_v2 import tensix
from lightning_v2.identity import code_label
from lightning_v2.search.sweep import voices, worker
from lightning_v2.search.sweep.cluster import ClusterError
from lightning_v2.search.sweep.store import Results
from lightning_v2.search.sweep.sweep import SweepWarning, Unit, UnitBug, measurement, sweep
from lightning_v2.search.sweep.worker import run_unit


def squares(numbers, **more):
    return [Unit("square", {"number": number, **more}) for number in numbers]


def test_results_failures_and_reruns(tmp_path):
    log, switch = tmp_path / "log", tmp_path / "switch"
    refusing = Unit("refuses", {"number": 5, "until": str(switch)})
    units = [
        *squares(range(4), log=str(log)),
        refusing,
        Unit("rows", {"count": 3}),
        Unit("rows", {"count": 0}),
        Unit("odd", {"kind": "taken"}),
    ]
    with pytest.warns(SweepWarning, match="2 of 8 units failed"):
        table = sweep(units, tmp_path / "sweep", workers=2)

    assert table["square"].dropna().tolist() == [0, 1, 4, 9]
    assert table[table.measurement == "rows"]["name"].tolist() == ["row 0", "row 1", "row 2"]
    assert table[table.measurement == "rows"]["count"].tolist() == [3, 3, 3]
    errors = table[table.error.notna()].error.tolist()
    assert errors[0].startswith("ArgumentError: 5 is not liked (sweep_measures.py:")
    assert "a measurement cannot return 'seconds'" in errors[1]
    assert set(table["code"]) == {code_label()}

    # What failed runs again, what is new runs, nothing else does.
    switch.touch()
    wanted = [*squares([3, 7], log=str(log)), refusing, Unit("rows", {"count": 0})]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = sweep(wanted, tmp_path / "sweep", workers=1)
    assert table["square"].tolist() == [9, 49, 25]
    assert [line.split()[0] for line in sorted(log.read_text().splitlines())] == list("01237")

    # With everything there, no worker is needed: this scheduler does not exist.
    again = sweep(wanted, tmp_path / "sweep", scheduler="tcp://127.0.0.1:1")
    assert again.drop(columns="seconds").equals(table.drop(columns="seconds"))


def test_a_mistake_in_a_measurement_is_no_failed_unit(tmp_path):
    units = [Unit("divides", {"number": number}) for number in (1, 2, 0, 4)]
    with pytest.raises(UnitBug) as caught:
        sweep(units, tmp_path, workers=1)
    told = str(caught.value)
    assert told.startswith("divides of {'number': 0}:\nTraceback (most recent call last)")
    assert "sweep_measures.py" in told and "in divides" in told
    assert told.rstrip().endswith("ZeroDivisionError: division by zero")
    kept = sweep(units[:2], tmp_path, scheduler="tcp://127.0.0.1:1")
    assert kept["inverse"].tolist() == [1, 0.5]
    assert Results(tmp_path).finished([units[2].key]) == set()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("list", "value is a list; legal are numbers, words and None"),
        ("nothing", "returns a dict or a list of dicts, not None"),
    ],
)
def test_what_is_no_result_is_a_mistake(kind, reason):
    outcome = ran(Unit("odd", {"kind": kind}))
    assert outcome.error is None and reason in outcome.bug


def ran(unit):
    return run_unit(
        unit.entry, unit.parameters, unit.voice_digest, unit.surroundings, unit.settings
    )


def test_units_run_under_the_settings_around_them(tmp_path):
    usual = Unit("ambient", {})
    with tensix.use(threads=1):
        assert Unit("ambient", {}).key == usual.key
    with tensix.use(tier="fast", arch="blackhole"):
        other = Unit("ambient", {})
    assert other.key != usual.key
    table = sweep([usual, other], tmp_path, workers=1)
    assert table["tier"].tolist() == ["exact", "fast"]
    assert table["arch"].tolist() == ["wormhole_b0", "blackhole"]


def test_a_voice_that_changed_in_a_worker_is_refused():
    unit = Unit("square", {"number": 3, "voice": "lark"})
    weight = voices.voice("lark").model.decoder.input.weight
    weight.data.mul_(2)
    try:
        assert "has weights" in ran(unit).error
    finally:
        weight.data.div_(2)


INTERRUPTED = """
import signal
import sys
import sweep_measures
from lightning_v2.search.sweep.sweep import Unit, sweep

# A job that a script put into the background ignores it, and so would this one.
signal.signal(signal.SIGINT, signal.default_int_handler)
if __name__ == "__main__":
    folder, log = sys.argv[1:]
    units = [Unit("slow", {"number": n, "pause": 0.1 if n < 3 else 100, "log": log})
             for n in range(6)]
    sweep(units, folder, workers=2)
"""


def test_ctrl_c_leaves_what_has_finished(tmp_path):
    script, folder, log = tmp_path / "script.py", tmp_path / "sweep", tmp_path / "log"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(log)],
        env=ENVIRONMENT,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(list((folder / "units").glob("*.parquet"))) == 3)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal sends: to the workers, too
    _, error = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert wait_until(lambda: not _alive(process.pid))
    done = [Unit("slow", {"number": n, "pause": 0.1, "log": str(log)}) for n in range(3)]
    table = sweep(done, folder, scheduler="tcp://127.0.0.1:1")
    assert table["square"].tolist() == [0, 1, 4]


def _alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_identity():
    unit = Unit("square", {"number": 1, "log": None})
    assert unit.key == Unit("square", {"log": None, "number": 1}).key
    others = [
        Unit("square", {"number": 2, "log": None}),
        Unit("rows", {"number": 1, "log": None}),
        Unit("square", {"number": 1, "log": None, "voice": "lark"}),
    ]
    assert len({unit.key, *(other.key for other in others)}) == 4
    assert others[2].voice_digest and not unit.voice_digest


def test_what_a_measurement_reads_belongs_to_the_unit(tmp_path):
    measurement("reading", reads=lambda parameters: [tmp_path / parameters["of"]])(dict)
    (tmp_path / "read").write_text("one")
    (tmp_path / "other").write_text("one")
    keys = [Unit("reading", {"of": name}).key for name in ("read", "other")]
    (tmp_path / "read").write_text("two")
    assert Unit("reading", {"of": "read"}).key not in keys
    assert Unit("reading", {"of": "other"}).key == keys[1]


def test_a_worker_with_other_code_refuses(monkeypatch):
    unit = Unit("square", {"number": 3})
    outcome = ran(unit)
    assert (outcome.rows, outcome.error, outcome.code) == ([{"square": 9}], None, code_label())
    monkeypatch.setattr(worker, "code_digest", lambda: "other")
    outcome = ran(unit)
    assert not outcome.rows and "this worker has other code" in outcome.error


def test_results_of_other_code_are_told_apart(tmp_path, monkeypatch):
    """A metric that is new since then is measured, and what is old stays and is counted."""
    measurement("tried")(dict)
    old, results = Unit("tried", {}), Results(tmp_path)
    results.write(old.key, "tried", {}, [{"old": 1}], None, 1.0, code_label())
    assert results.of_other_code(code_label()) == 0
    monkeypatch.setattr(worker, "code_digest", lambda: "edited")
    new = Unit("tried", {})
    assert results.finished([new.key]) == set()
    results.write(new.key, "tried", {}, [{"old": 1, "new": 2}], None, 1.0, "0.2 edited")
    results.write("failed", "tried", {}, [], "broken", 1.0, code_label())
    for _ in range(2):
        assert results.load([new.key])["new"].tolist() == [2]
        assert results.of_other_code("0.2 edited") == 1
        results.compact()


def test_other_weights_are_another_unit(tmp_path):
    from lightning_v2.model.natural.checkpoint import save_checkpoint
    from tests.untrained import SMALL, network, symbols

    keys = []
    for seed in (0, 1):
        save_checkpoint(tmp_path, network(SMALL, seed), SMALL, symbols(), {})
        os.utime(tmp_path / "config.json", ns=(seed, seed))
        keys.append(Unit("square", {"number": 1, "voice": str(tmp_path)}).key)
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("units", "options", "error", "reason"),
    [
        ([Unit("cube", {})], {}, ValueError, "no measurement 'cube'; known are .*square"),
        ([Unit("square", {"number": {1}})], {}, TypeError, "parameters of square are no JSON"),
        (squares([1], row=1), {}, TypeError, "a parameter cannot be named 'row'"),
        (squares([1]), {"workers": 0}, ValueError, "workers is 0"),
        (squares([1]), {"workers": 1, "scheduler": "tcp://h:1"}, ValueError, "of its own"),
    ],
)
def test_what_cannot_run(tmp_path, units, options, error, reason):
    with pytest.raises(error, match=reason):
        sweep(units, tmp_path, **options)


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("lightning_v2.search.sweep.cluster.PATIENCE_S", 0.5)
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:1"):
        sweep(squares([1]), tmp_path, scheduler="tcp://127.0.0.1:1")


def test_nothing_to_do(tmp_path):
    assert sweep([], tmp_path).empty
