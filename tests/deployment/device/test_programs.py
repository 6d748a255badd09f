"""The choice of a program for each matrix product."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.deployment.device.programs import (
    USABLE_L1,
    Product,
    Program,
    ProgramError,
    choices,
    row_grid,
    subblock,
)
from lightning_v2.tensix.numbers.fidelity import FIDELITIES
from lightning_v2.tensix.numbers.formats import FORMATS

GRIDS = st.sampled_from([(8, 8), (8, 7), (8, 9), (11, 10), (1, 1)])
"""Of the boards, of the simulator, and of one core."""

SMALL = Product(8, 6, 6, "bfloat16", "bfloat16", "bfloat16", "HiFi4", width=6, wide=True)


@st.composite
def products(draw):
    k = draw(st.integers(1, 34))
    return Product(
        m=draw(st.integers(1, 128)),
        k=k,
        n=draw(st.integers(1, 200)),
        in0=draw(st.sampled_from(FORMATS)),
        in1=draw(st.sampled_from(FORMATS)),
        output=draw(st.sampled_from(FORMATS)),
        math_fidelity=draw(st.sampled_from(FIDELITIES)),
        width=draw(st.sampled_from([w for w in range(1, k + 1) if k % w == 0])),
        wide=draw(st.booleans()),
        resident=draw(st.booleans()),
    )


def found(product, grid):
    try:
        return choices(product, grid)
    except ProgramError:
        return []


@given(products(), GRIDS)
def test_every_tile_of_the_result_has_a_core(product, grid):
    for program in found(product, grid):
        (x, y), m, n = program.grid, program.per_core_m, program.per_core_n
        if program.kind == "rows":
            assert (x * y * m, n) == (product.m, product.n)
        elif program.kind == "columns":
            assert m == product.m
            # No row of cores, and of a single row no core, is idle.
            assert x * (y - 1) * n < product.n <= x * y * n
            assert y > 1 or (x - 1) * n < product.n
        else:
            assert (x - 1) * n < product.n <= x * n
            assert (y - 1) * m < product.m <= y * m


@given(products(), GRIDS)
def test_programs_fit_the_device_and_come_best_first(product, grid):
    programs = found(product, grid)
    for program in programs:
        assert 1 <= program.grid[0] <= grid[0] and 1 <= program.grid[1] <= grid[1]
        assert program.l1_bytes <= USABLE_L1
        width = subblock(program.per_core_n, product.wide)
        assert program.per_core_n % width == 0
        assert 1 <= width <= (4 if product.wide else 8)
    cycles = [program.cycles for program in programs]
    assert cycles == sorted(cycles)
    assert len({program.kind for program in programs}) == len(programs)


@given(products(), GRIDS)
def test_a_core_holds_its_operands_and_its_result(product, grid):
    """Two blocks of weights and the partial sums, in formats no narrower than 4 bits a value."""
    for program in found(product, grid):
        blocks = 2 * product.width * program.per_core_n * 576
        assert program.l1_bytes >= blocks + program.per_core_m * program.per_core_n * (576 + 2048)


@given(st.integers(1, 4096), GRIDS)
def test_rows_are_shared_by_the_most_cores_that_share_evenly(rows, grid):
    x, y = row_grid(rows, grid)
    assert x <= grid[0] and y <= grid[1] and rows % (x * y) == 0
    for columns in range(1, grid[0] + 1):
        for lines in range(1, grid[1] + 1):
            assert rows % (columns * lines) or columns * lines <= x * y


def test_of_equal_grids_the_widest():
    assert row_grid(8, (8, 8)) == (8, 1)
    assert row_grid(32, (8, 8)) == (8, 4)
    assert row_grid(12, (11, 10)) == (6, 2)


@given(st.integers(1, 200), st.booleans())
def test_no_wider_subblock_divides(columns, wide):
    width = subblock(columns, wide)
    assert all(columns % n for n in range(width + 1, (4 if wide else 8) + 1))


def test_known_answers():
    """Worked out by hand: a tile of bfloat16 has 2048 bytes, one in a 32-bit Dst 4096."""
    tile, noc = 2048, 64  # bytes, and the cycles that they take, as many as a product in HiFi4
    product = replace(SMALL, m=16)
    assert choices(product, (8, 8)) == [
        Program("blocks", (6, 8), 2, 1, 12 * 64, (6 + 12 + 6) * noc, 38 * tile + 2 * 4096),
        Program("rows", (8, 2), 1, 6, 36 * 64, (36 + 6) * noc, 84 * tile + 6 * 4096),
        Program("columns", (6, 1), 16, 1, 96 * 64, (6 + 96 + 48) * noc, 220 * tile + 16 * 4096),
    ]
    # What lies there already need not be carried.
    resident = choices(replace(product, resident=True), (8, 8))
    assert [program.traffic // noc for program in resident] == [24, 36, 150]


def test_few_rows_are_not_kept_in_cores_of_their_own():
    def kinds(**changes):
        return {program.kind for program in choices(replace(SMALL, **changes), (8, 8))}

    assert kinds(m=15) == {"columns", "blocks"}
    assert kinds(m=16) == {"rows", "columns", "blocks"}
    # To bring them there takes a program of its own.
    assert kinds(m=15, resident=True) == {"rows", "columns", "blocks"}
    # Of one column of tiles nobody can have another one.
    assert kinds(m=15, n=1) == {"columns"}


def test_what_limits_a_program_is_its_reason():
    best, *_ = choices(SMALL, (8, 8))
    assert best.reason == "blocks on 6x8: 960 cycles, by the NoC"
    slow = replace(best, compute=961)
    assert (slow.cycles, slow.reason) == (961, "blocks on 6x8: 961 cycles, by products")


def test_one_tile_of_rows_has_no_blocks():
    assert [program.kind for program in choices(replace(SMALL, m=1), (8, 8))] == ["columns"]


def test_narrow_formats_and_low_fidelity_are_faster():
    pairs = (("float32", "HiFi4"), ("bfloat8_b", "LoFi"), ("bfloat4_b", "LoFi"))
    cycles = [
        choices(replace(SMALL, in1=weights, math_fidelity=fidelity), (8, 8))[0].cycles
        for weights, fidelity in pairs
    ]
    assert cycles == sorted(cycles, reverse=True) and len(set(cycles)) == 3


def test_what_does_not_fit_is_left_out():
    wide = replace(SMALL, m=16, n=100, output="float32")
    assert {program.kind for program in choices(wide, (8, 8))} == {"columns", "blocks"}


def test_what_fits_nowhere():
    product = replace(SMALL, m=640, k=32, n=320, width=32)
    message = r"a product of 640 x 32 and 32 x 320 tiles needs \d{7,} bytes of L1 in a core, of wh"
    with pytest.raises(ProgramError, match=message) as error:
        choices(product, (8, 8))
    needed = int(str(error.value).split("needs ")[1].split()[0])
    assert needed > USABLE_L1 and "use a smaller bucket or batch" in str(error.value)
