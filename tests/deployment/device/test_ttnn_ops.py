"""ttnn's operations under tensix's names, on mock devices: what comes out, and where it lies."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.deployment.device import ttnn_ops
from lightning_v2.deployment.device.programs import choices
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.tensix.numbers.configuration import MatmulProgramConfig
from tests.deployment.device_process import run_on_mock
from tests.deployment.surface import CONFIG, SURFACE, linear, sharded

BOARDS = ("n150", "p150")


def surface(device):
    """Format, shape and memory of each result, or the error."""
    ops, told = TtnnOps(device), {}
    for name, run in SURFACE.items():
        try:
            y = run(ops)
        except (RuntimeError, TypeError) as error:
            told[name] = str(error)[:600]
            continue
        told[name] = [y.dtype.name.lower(), list(y.shape), y.memory_config().buffer_type.name]
    told["chosen"] = sorted({choice.program.kind for choice in ops.choices.values()})
    return told


def all_of(device):
    return {"surface": surface(device), "layouts": layouts(device)}


@pytest.fixture(scope="module", params=BOARDS)
def told(request):
    return run_on_mock(request.param, all_of)


def test_results_have_the_formats_and_shapes_of_the_emulator(told):
    with tensix.use("fast"):
        wanted = {name: run(tensix) for name, run in SURFACE.items()}
    wanted = {name: [y.dtype, list(y.shape)] for name, y in wanted.items()}
    assert {name: told["surface"][name][:2] for name in wanted} == wanted


def test_results_lie_in_l1(told):
    assert {name: told["surface"][name][2] for name in SURFACE} == dict.fromkeys(SURFACE, "L1")


def test_all_kinds_of_programs_are_chosen(told):
    assert told["surface"]["chosen"] == ["blocks", "columns", "rows"]


def layouts(device):
    """Where results lie in detail."""
    import ttnn

    ops = TtnnOps(device)

    def shards(x):
        (cores,) = x.memory_config().shard_spec.grid.ranges()
        size = cores.grid_size()
        return [
            x.memory_config().memory_layout.name,
            size.x,
            size.y,
            x.memory_config().shard_spec.shape,
        ]

    rows = sharded(ops)
    (choice,) = ops.choices.values()
    product, grid = choice.product, list(choice.program.grid)
    return {
        "grid": grid,
        "product": [product.m, product.k, product.n, product.resident],
        "rows": shards(rows),
        "gelu": shards(ops.gelu(rows)),
        "add": shards(ops.add(rows, rows)),
        "typecast": shards(ops.typecast(rows, "float32")),
        "masked": shards(ops.multiply(rows, ops.from_torch(torch.ones(1, 1024, 1), "bfloat16"))),
        "next": next_of(ops, rows),
        "same": ops.typecast(rows, "bfloat16") is rows,
        "column": ops.from_torch(torch.ones(96), "bfloat16").shape.rank,
        "indices": [
            str(ops.from_torch(torch.ones(1, 32, dtype=torch.int64), "uint32").dtype),
            str(ops.from_torch(torch.ones(1, 32, dtype=torch.int64), "uint32").layout),
        ],
        "dram": [
            x.memory_config().buffer_type.name
            for x in (ops.from_torch(torch.ones(32, 32), "bfloat16"), ops.settle(rows))
        ],
        "settled": ops.settle(rows).memory_config() == ttnn.DRAM_MEMORY_CONFIG,
        "values": [str(ops.to_torch(rows).dtype), list(ops.to_torch(rows).shape)],
    }


def next_of(ops, rows):
    """Whether in0 of the products so far, and of one more, lay in its cores."""
    ops.linear(
        rows,
        ops.from_torch(torch.ones(64, 64), "bfloat16"),
        bias=None,
        dtype="bfloat16",
        compute_kernel_config=CONFIG,
        program_config=MatmulProgramConfig(2),
    )
    return [choice.product.resident for choice in ops.choices.values()]


def test_rows_stay_in_their_cores(told):
    told, grid = told["layouts"], [8, 4]
    assert told["grid"] == grid
    assert told["product"] == [32, 6, 2, False]
    by_height = ["HEIGHT_SHARDED", *grid, [32, 64]]
    for name in ("rows", "gelu", "add", "typecast", "masked"):
        assert told[name] == by_height, name
    assert told["next"] == [False, True]
    assert told["same"]
    assert told["column"] == 2
    assert told["indices"] == ["DataType.UINT32", "Layout.ROW_MAJOR"]
    assert told["dram"] == ["DRAM", "DRAM"] and told["settled"]
    assert told["values"] == ["torch.float32", [1, 1024, 64]]


SHAPES = [
    # Rows, and values of K and N: of the voice, and with rows that few cores share evenly.
    ((1, 128), 192, 576),
    ((1, 128), 1024, 1024),
    ((1, 512), 224, 192),
    ((1, 2, 256), 512, 512),
    ((1, 96), 192, 192),
    ((3, 352), 224, 192),
    ((1, 1024), 192, 2),
]


def forced(device):
    """Which kinds of program ttnn runs, for each shape; or why it does not."""
    told = []
    for shape in SHAPES:
        kinds = {}

        def only(product, grid, wanted=kinds):
            kept = [program for program in choices(product, grid) if program.kind not in wanted]
            if not kept:
                raise StopIteration
            wanted[kept[0].kind] = "runs"
            return kept

        ttnn_ops.choices = only
        ops = TtnnOps(device)
        while True:
            try:
                linear(ops, *shape, width=1)
            except StopIteration:
                break
            except RuntimeError as error:
                kinds[list(kinds)[-1]] = str(error)[:400]
        told.append(kinds)
    return told


@pytest.mark.parametrize("board", ["n300", "p100"])
def test_ttnn_runs_every_program_that_may_be_chosen(board):
    told = run_on_mock(board, forced)
    assert all(result == "runs" for kinds in told for result in kinds.values()), told
    assert {kind for kinds in told for kind in kinds} == {"rows", "columns", "blocks"}
    assert sum(map(len, told)) > 2 * len(SHAPES)


@pytest.mark.parametrize(("bias", "groups"), [("a bias", 64), (None, 1)])
def test_only_depthwise_convolutions_without_bias(bias, groups):
    with pytest.raises(ValueError, match="only depthwise convolutions without bias are deployed"):
        TtnnOps.conv1d(
            None,
            input_tensor=torch.zeros(1, 32, 64),
            weight_tensor=None,
            bias_tensor=bias,
            dtype="bfloat16",
            padding=3,
            groups=groups,
            conv_config=None,
            compute_config=CONFIG,
        )


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.integers(0, 40), bits=st.integers(0, 23))
def test_three_parts_of_a_float32_are_all_of_it(arch, seed, spread, bits):
    """The arithmetic of `TtnnOps.embedding`, on the emulated chip."""
    generator = torch.Generator().manual_seed(seed)
    exponents = torch.randint(-spread, spread + 1, (32, 32), generator=generator)
    x = torch.randn(32, 32, generator=generator) * 2.0**exponents
    # With few significant bits, ties.
    x = (x.view(torch.int32) & -(1 << bits)).view(torch.float32)
    with tensix.use("exact", arch):
        rest, total = tensix.from_torch(x, "float32"), None
        for _ in range(3):
            part = tensix.typecast(tensix.typecast(rest, "bfloat16"), "float32")
            rest = tensix.subtract(rest, part)
            total = part if total is None else tensix.add(total, part)
    assert torch.equal(total.values, x)
    assert not rest.values.any()
