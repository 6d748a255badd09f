"""`lightning-v2 cost`, with the cost of programs made by hand."""

import json
import sys

import pytest

from lightning_v2.cli.main import main
from lightning_v2.economics import sentence
from lightning_v2.economics.sentence import Cost, Stage
from tests.economics.programs import elementwise, product, round_board

STAGES = (
    Stage("encode", "phones 64", 1, (product(), elementwise()), 2, 4000, 1, 1000, (500, 700)),
)


@pytest.fixture
def asked(monkeypatch):
    """What the model was asked for."""
    found = {}

    def costs(plan, board, voice, **options):
        found.update(plan=plan, board=board, voice=voice, **options)
        return Cost(voice, plan, round_board(), options["batch"], 2.5, STAGES, options["traced"])

    monkeypatch.setattr(sentence, "costs", costs)
    return found


def test_prints_what_it_takes_and_what_binds(asked, capsys):
    assert main(["cost", "--board", "n300", "--batch", "8", "--plan", "bf16"]) == 0
    assert asked == {
        "plan": "bf16", "board": "n300", "voice": "lark", "frames": 256, "batch": 8, "rows": 1024,
        "traced": True,
    }  # fmt: skip
    printed = capsys.readouterr().out
    for words in (
        "programs                          2",
        "a floor",
        "streams within 250 ms",
        "every core for itself",
        "binds                             host transfers",
        "not run on silicon",
    ):
        assert words in printed
    assert "ttnn" not in sys.modules


def test_a_bound_that_no_batch_keeps_has_no_streams(asked, capsys):
    assert main(["cost", "--no-trace", "--latency", "1"]) == 0
    assert asked["traced"] is False
    printed = capsys.readouterr().out
    assert "call by call" in printed
    assert "streams within 1 ms" in printed


def test_writes_all_of_it(asked, tmp_path):
    path = tmp_path / "cost.json"
    assert main(["cost", "-o", str(path)]) == 0
    record = json.loads(path.read_text())
    assert record["kind"] == "modelled"
    assert len(record["programs"]) == 3
    assert sum(record["time_s"].values()) == pytest.approx(record["latency_s"])
    assert {"measured", "documented", "inferred"} == {row["kind"] for row in record["constants"]}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--board", "n100"], "n150"),
        (["--batch", "0"], "legal are whole numbers from 1 on"),
        (["--latency", "0"], "legal are whole numbers from 1 on"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(capsys, arguments, reason):
    with pytest.raises(SystemExit):
        main(["cost", *arguments])
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--frames", "100"], "multiples of 32"),
        (["--voice", "nobody"], "no voice 'nobody'"),
        (["-o", "missing/a.json"], "missing is not a folder"),
    ],
)
def test_bad_input_is_found_before_anything_is_planned(
    tmp_path, monkeypatch, capsys, arguments, reason
):
    monkeypatch.chdir(tmp_path)
    assert main(["cost", *arguments]) == 2
    assert reason in capsys.readouterr().err
