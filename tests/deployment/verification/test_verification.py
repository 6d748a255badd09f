"""Verification with the exact tier in the place of a card, and with one value of it changed."""

import json
from contextlib import contextmanager

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.cli.main import main
from lightning_v2.deployment.agreement import Agreement, load_agreement
from lightning_v2.deployment.device import target
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.errors import UnsupportedError
from lightning_v2.deployment.verification import emulated, on_device, verification
from lightning_v2.deployment.verification.cases import operands
from lightning_v2.deployment.verification.measured import DIFFERS, REFUSED, SAME, compared
from lightning_v2.deployment.verification.words import verdict

FAST = ("blocks", "packing", "convolutions")
"""Groups that take no time to compile."""


class Emulated:
    """The exact tier as what runs on a device.

    planted: (operation, number of a value) of which the last bit is turned.
    """

    def __init__(self, planted=(), srcb="own", refuses=()):
        self.planted, self.srcb, self.refuses = dict(planted), srcb, refuses

    def run(self, case, given):
        if case["op"] in self.refuses:
            raise RuntimeError("TT_FATAL @ a.cpp info:\n no such layout\nbacktrace:\n 1 2")
        with tensix.use(srcb=self.srcb):
            result = emulated.run(case, given).clone()
        if case["op"] in self.planted:
            result.view(torch.int32).view(-1)[self.planted[case["op"]]] ^= 1
        return result


@pytest.fixture(scope="module")
def stored():
    return verification.stored_cases()


def rows(run, stored, *groups):
    cases, arrays = stored
    chosen = [(i, case) for i, case in enumerate(cases) if case["group"] in groups]
    return list(verification.case_rows(run, "wormhole_b0", chosen, arrays))


def test_the_exact_tier_agrees_with_itself(stored):
    found = verification.Verification({}, rows(Emulated(), stored, *FAST), complete=True)
    assert {row.state for row in found.rows} == {SAME}
    assert found.agrees and found.different == 0
    assert "bit for bit." in verdict(found)


def test_one_turned_bit_is_found_and_named(stored):
    found = rows(Emulated({"linear": 77}), stored, "blocks")
    odd = [row for row in found if row.state != SAME]
    assert [row.name.split("(")[0] for row in odd] == ["linear", "linear"]
    assert all(row.state == DIFFERS and row.different == 1 for row in odd)
    ((place, device, expected),) = odd[0].examples
    assert place == 77
    assert int(device, 16) ^ int(expected, 16) == 1


def test_the_reading_of_srcb_that_a_device_follows_shows(stored):
    found = rows(Emulated(srcb="srca"), stored, "open question")
    assert len(found) == 3
    for row in found:
        assert row.state == DIFFERS and row.different > 0
        assert row.otherwise == 0
    for row in rows(Emulated(), stored, "open question"):
        assert row.state == SAME and row.otherwise > 0


def test_a_case_that_ttnn_refuses_is_no_agreement(stored):
    found = rows(Emulated(refuses=("linear",)), stored, "blocks")
    refused = [row for row in found if row.state == REFUSED]
    assert len(refused) == 2
    assert refused[0].message == "no such layout"
    whole = verification.Verification({}, found, complete=True)
    assert not whole.agrees and "2 cases were refused" in verdict(whole)


def test_a_result_of_another_size_is_no_agreement():
    row = compared("sums", "sum", torch.zeros(4), torch.zeros(5))
    assert row.state == REFUSED and "4 values" in row.message


def test_every_group_has_cases_and_a_hundred_are_chosen(stored):
    cases, arrays = stored
    assert {case["group"] for case in cases} | {verification.VOICE} == set(verification.GROUPS)
    assert 90 <= len(cases) <= 110
    products = [case for case in cases if case["group"] == "products"]
    taken = {name for case in products for name in case["inputs"].values()}
    assert taken == {"bfloat16", "bfloat8_b", "bfloat4_b", "float32"}
    ways = {(c["config"]["math_fidelity"], c["config"]["fp32_dest_acc_en"]) for c in products}
    assert len(ways) == 8
    assert all(operands(case, index, arrays) for index, case in enumerate(cases))


def test_it_would_take_less_than_five_minutes_on_a_card(stored):
    groups = verification.chosen_groups(None)
    assert verification.estimate(len(stored[0]), verification.site_count(groups)) < 300


@pytest.mark.parametrize("changed", [None, "decoder.input"])
def test_the_sites_of_the_sentence_are_those_that_the_device_gave(monkeypatch, changed):
    recorded = load_agreement(verification.PLAN)

    def agreement(voice, plan, device, text):
        assert (plan, text) == (verification.PLAN, verification.SENTENCE)
        table = recorded.table.copy()
        table.loc[table.site == changed, "different"] = 3
        return Agreement(table, recorded.provenance)

    monkeypatch.setattr(verification, "agreement", agreement)
    found = list(
        verification.site_rows(Device("simulator", "n150", "wormhole_b0", (8, 9), 1, None))
    )
    assert len(found) == verification.site_count([verification.VOICE])
    assert [row.name for row in found if row.state == DIFFERS] == [changed] * bool(changed)
    assert sum(row.values for row in found) > 1e6
    json.dumps([row.different for row in found])


def test_a_plan_that_a_device_cannot_run_is_refused(monkeypatch):
    def agreement(*arguments):
        raise UnsupportedError("lightning-v2", "n150", "in linear", "info: no room")

    monkeypatch.setattr(verification, "agreement", agreement)
    (row,) = verification.site_rows(Device("simulator", "n150", "wormhole_b0", (8, 9), 1, None))
    assert row.state == REFUSED and "no room" in row.message


@pytest.fixture
def device(monkeypatch):
    """A simulator that opens and computes as the exact tier does; what it runs can be replaced."""
    runs = {"run": Emulated()}

    @contextmanager
    def open_device(kind, board=None):
        yield Device(kind, "n150", "wormhole_b0", (8, 9), 1, None)

    monkeypatch.setattr("lightning_v2.cli.verify.open_device", open_device)
    monkeypatch.setattr(verification, "toolchain", lambda: {"compiler": "none"})
    monkeypatch.setattr(on_device, "Operations", lambda device: runs["run"])
    return runs


def test_the_command_writes_one_file(tmp_path, device, capsys):
    path = tmp_path / "sent.json"
    options = ["--target", "simulator", "--only", "packing", "blocks", "-o", str(path)]
    assert main(["verify", *options]) == 0
    shown = capsys.readouterr().out
    assert "bit for bit" in shown and "please send it" in shown
    sent = json.loads(path.read_text())
    assert sent["kind"] == "simulated" and sent["complete"]
    assert (sent["different"], sent["refused"], len(sent["rows"])) == (0, 0, 15)
    assert {"ttnn", "board", "grid", "firmware", "toolchain", "packages", "commit"} <= sent.keys()
    assert all(len(row["digest"]) == 32 for row in sent["rows"])

    device["run"] = Emulated({"typecast": 3})
    assert main(["verify", *options]) == 1
    shown = capsys.readouterr().out
    assert "packing, typecast(float32) with dtype bfloat16: 1 of 2048 values differ" in shown
    assert json.loads(path.read_text())["different"] == 9


def test_what_is_missing_is_named_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(target, "DRIVER", tmp_path / "none")
    assert main(["verify", "--target", "silicon"]) == 2
    assert "there is no Tenstorrent card" in capsys.readouterr().err
    monkeypatch.delenv("TT_METAL_SIMULATOR", raising=False)
    assert main(["verify", "--target", "simulator"]) == 2
    assert "TT_METAL_SIMULATOR" in capsys.readouterr().err
    assert main(["verify", "--target", "simulator", "--only", "norm"]) == 2
    assert "legal are products" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
