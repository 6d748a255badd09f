import pytest

from lightning_v2.deployment.observed.step import OPERATION, Step
from lightning_v2.economics.program import MOVEMENT, PRODUCT, Program, page_bytes, pages, tiles
from tests.economics.programs import DRAM, L1, tensor

CONFIG = (
    "MatmulMultiCoreReuseMultiCastProgramConfig(compute_with_storage_grid_size=6-2,in0_block_w=2,"
    "out_subblock_h=1,out_subblock_w=3,out_block_h=1,out_block_w=3,per_core_M=1,per_core_N=6)"
)


def step(name, operands, results, **values):
    plain = {"kind": OPERATION, "call": "ttnn.linear", "cores": 12}
    return Step(
        **plain | values, name=name, operands=operands, results=results,
        producers=(None,) * len(operands),
    )  # fmt: skip


def test_a_product_is_cut_as_its_config_says():
    program = Program.of(
        step(
            "MatmulDeviceOperation",
            (tensor(1, 64, 192), tensor(192, 1152, memory=DRAM)),
            (tensor(1, 64, 1152),),
            program="ttnn::prim::MatmulMultiCoreReuseMcast2DProgramFactory",
            program_config=CONFIG,
            math_fidelity="LoFi",
        )
    )
    made = program.cut
    assert program.kind == PRODUCT
    assert (made.m, made.k, made.n) == (2, 6, 36)
    assert (made.share_m, made.share_n, made.width, made.subblock) == (1, 6, 2, 3)
    assert (made.block_m, made.block_n) == (1, 3)
    assert made.mcast_in0 and made.mcast_in1 and not made.in0_local
    assert program.dram_read_bytes == 6 * 36 * 2048


@pytest.mark.parametrize("way", [0, 1])
def test_a_product_in_one_direction_sends_one_operand(way):
    program = Program.of(
        step(
            "MatmulDeviceOperation",
            (tensor(1, 64, 192), tensor(192, 32, memory=DRAM)),
            (tensor(1, 64, 32),),
            program="ttnn::prim::MatmulMultiCoreReuseMcast1DProgramFactory",
            program_config=f"Matmul1D(per_core_M=1,per_core_N=1,mcast_in0={way})",
        )
    )
    assert (program.cut.mcast_in0, program.cut.mcast_in1) == (bool(way), not way)


def test_heads_are_rows_of_one_product():
    program = Program.of(
        step(
            "MatmulDeviceOperation",
            (tensor(1, 6, 64, 32), tensor(1, 6, 32, 64)),
            (tensor(1, 6, 64, 64),),
            program="ttnn::prim::MatmulMultiCoreReuseOptimizedProgramFactory",
            program_config="MatmulMultiCoreReuseProgramConfig(per_core_M=1,per_core_N=2)",
        )
    )
    made = program.cut
    assert (made.m, made.k, made.n) == (12, 1, 2)
    assert not made.mcast_in0 and not made.mcast_in1


def test_a_convolution_has_the_depth_of_its_weights():
    program = Program.of(
        step(
            "Conv2dDeviceOperation",
            (
                tensor(1, 1, 72, 192, memory="L1 height_sharded 2 cores", layout="row_major"),
                tensor(1, 1, 160, 192, dtype="bfloat8_b", memory=DRAM),
            ),
            (tensor(1, 1, 64, 192, memory="L1 height_sharded 2 cores"),),
            program="ttnn::prim::Conv2dShardedProgramFactory",
            call="ttnn.conv1d",
            cores=2,
        )
    )
    made = program.cut
    assert (made.m, made.k, made.n, made.share_m, made.share_n) == (2, 5, 6, 1, 6)
    assert made.in0_local and made.mcast_in1


def test_what_is_not_known_moves_data():
    program = Program.of(step("SliceDeviceOperation", (tensor(64, 64),), (tensor(32, 64),)))
    assert (program.kind, program.name, program.cut) == (MOVEMENT, "Slice", None)


def test_pages_are_tiles_or_rows():
    x, rows = tensor(1, 40, 50), tensor(1, 40, 50, memory=L1, layout="row_major")
    assert (tiles(x), pages(x), page_bytes(x)) == (4, 4, 2048)
    assert (pages(rows), page_bytes(rows)) == (40, 100)
