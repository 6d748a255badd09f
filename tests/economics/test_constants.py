import pytest

from lightning_v2.economics.board import ARCHITECTURES, board
from lightning_v2.economics.constants import KINDS, constants, constants_of, read_constants
from lightning_v2.errors import ArgumentError

ROW = "- {name: a, of: all, value: 1, unit: s, kind: measured, date: 2026-01, source: x}\n"


def test_every_constant_says_where_it_comes_from():
    for row in constants():
        assert row.kind in KINDS
        assert row.unit and row.source and row.date[:2] == "20"


def test_all_boards_have_the_same_constants():
    names = {name: set(board(name).values) for name in ARCHITECTURES}
    assert len(set(map(frozenset, names.values()))) == 1


def test_the_narrower_row_wins():
    assert constants_of("wormhole_b0", "n150")["chips"].value == 1
    assert constants_of("wormhole_b0", "n300")["chips"].value == 2
    assert board("p100")["dram"] < board("p150")["dram"]


def test_a_blackhole_carries_twice_as_much_a_cycle():
    assert board("n150")["noc"] < 32 < board("p150")["noc"] < 64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROW + ROW, "twice"),
        (ROW.replace("measured", "guessed"), "guessed"),
        (ROW.replace("value: 1", "value: much"), "not a number"),
        (ROW.replace("unit: s", "units: s"), "units"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, words):
    path = tmp_path / "constants.yaml"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=words):
        read_constants(path)


def test_a_board_has_its_name_and_its_constants():
    with pytest.raises(ArgumentError, match="n150"):
        board("n15")
    with pytest.raises(ArgumentError, match="clok"):
        board("n150").changed(clok=2.0)
    faster = board("n150").changed(clock=2.0)
    assert faster.seconds(2e9) == 1.0
    assert board("n150").seconds(1e9) == 1.0
