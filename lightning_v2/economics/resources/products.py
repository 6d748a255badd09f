"""Products and convolutions on the matrix engine.

A core has a share of the result and computes it in blocks of K. While it multiplies one block the
next one comes: by cores that read it and send it on, or each for itself. So a block takes what the
engine needs or what its operands need, whichever is more, and before the first one there is
nothing to multiply.

A product of two tiles takes 16 cycles a fidelity phase, and each call of the engine, of as many
tiles as Dst holds at once, a fixed time more; or as long as an unpacker takes to bring a tile.
"""

from dataclasses import dataclass

from lightning_v2.deployment.observed.tensor_use import TensorUse
from lightning_v2.economics.board import Board
from lightning_v2.economics.program import CONVOLUTION, Cut, Program, is_sharded, page_bytes, tiles
from lightning_v2.economics.resources.dram import dram_cycles
from lightning_v2.economics.resources.l1 import unpack_cycles
from lightning_v2.economics.resources.noc import latency_cycles, multicast_cycles, read_cycles
from lightning_v2.economics.resources.time import Time
from lightning_v2.economics.resources.vector import function_cycles
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import tile_bytes
from lightning_v2.tile import TILE


@dataclass(frozen=True, slots=True)
class Feed:
    """What one block of K costs before it can be multiplied, in cycles.

    Attributes:
        latency: until the first byte.
        noc, dram: the network of the busiest core; the banks, for all cores together.
    """

    latency: float
    noc: float
    dram: float

    @property
    def total(self) -> float:
        return self.latency + max(self.noc, self.dram)


def tile_cycles(math_fidelity: str, subblock: int, in1_bytes: float, board: Board) -> float:
    """Cycles of one product of tiles among many.

    subblock: tiles of the result in Dst at once.
    """
    phases = fidelity.count(math_fidelity or "HiFi4")
    engine = board["phase"] * phases + board["product_call"] / subblock
    return max(engine, unpack_cycles(in1_bytes, board)) / board["sustained"]


def block_feed(cut: Cut, in0: TensorUse, in1: TensorUse, cores: int, board: Board) -> Feed:
    """The operands of one block of K of every core."""
    tiles0, tiles1 = cut.block_m * cut.width, cut.block_n * cut.width
    size0, size1 = tile_bytes(in0.dtype), tile_bytes(in1.dtype)
    down, across = _groups(cut, cores)
    noc, latency, banks = 0.0, 0.0, 0.0
    for local, use, count, size, sent, readers in (
        (cut.in0_local, in0, tiles0, size0, cut.mcast_in0 and across > 1, down),
        (False, in1, tiles1, size1, cut.mcast_in1 and down > 1, across),
    ):
        brought = 0.0 if local else read_cycles(count, size, board)
        wait = 0.0 if local else latency_cycles(use.in_dram, board)
        if sent:
            brought += multicast_cycles(count * size, board)
            wait += board["l1_write"]
        noc, latency = max(noc, brought), max(latency, wait)
        if use.in_dram:
            banks += dram_cycles(count * size * (readers if sent else cores), board)
    return Feed(latency, noc, banks)


def _groups(cut: Cut, cores: int) -> tuple[int, int]:
    """Rows and columns of cores, as far as shares tell."""
    across = min(cores, -(-cut.n // cut.share_n))
    return max(1, cores // across), across


def written(program: Program, parts: int, board: Board) -> Feed:
    """The last of so many parts of the result of one core, on its way to where it lies; nothing
    where it stays. Those before it are written while the next one is computed."""
    result = program.results[0]
    if is_sharded(result):
        return Feed(0.0, 0.0, 0.0)
    each = -(-tiles(result) // program.cores) / parts
    noc = read_cycles(each, page_bytes(result), board)
    banks = dram_cycles(result.bytes / parts, board) if result.in_dram else 0.0
    return Feed(board["l1_write"], noc, banks)


def product_time(program: Program, board: Board) -> Time:
    """Seconds of a product or a convolution, without its launch."""
    cut, (in0, in1) = program.cut, program.operands[:2]
    each = tile_cycles(program.math_fidelity, cut.subblock, page_bytes(in1), board)
    block = cut.block_m * cut.block_n * cut.width * each
    if program.kind == CONVOLUTION:
        feed = _window_feed(program, board)
    else:
        feed = block_feed(cut, in0, in1, program.cores, board)
    shares = -(-cut.m * cut.n // (cut.share_m * cut.share_n * program.cores))
    parts = -(-cut.share_m // cut.block_m) * -(-cut.share_n // cut.block_n) * max(1, shares)
    steps = parts * -(-cut.k // cut.width)
    time = block_time(steps, block, feed, written(program, parts, board), board)
    if not program.ending:
        return time
    results = cut.share_m * cut.share_n * max(1, shares)
    return time + Time(vector=board.seconds(results * function_cycles(program.ending, board)))


def block_time(steps: int, block: float, feed: Feed, write: Feed, board: Board) -> Time:
    """So many blocks, each `block` cycles of the engine and its feed; then the result is written.

    The first feed is met whole; after it the longer of both counts.
    """
    fed = block >= feed.total
    moved, engine = (1, steps * block) if fed else (steps, block)
    parts = {"engine": engine, "latency": moved * feed.latency + write.latency}
    for step, count in ((feed, moved), (write, 1)):
        name = "dram" if step.dram > step.noc else "noc"
        parts[name] = parts.get(name, 0.0) + count * max(step.noc, step.dram)
    return Time(**{name: board.seconds(cycles) for name, cycles in parts.items()})


def _window_feed(program: Program, board: Board) -> Feed:
    """Of a convolution: rows of windows from the core's own L1, and weights that one core sends."""
    cut, in1 = program.cut, program.operands[1]
    size = tile_bytes(in1.dtype)
    count = cut.width * cut.block_n
    window = read_cycles(TILE * cut.share_m, cut.width * TILE * 2, board)
    weights = read_cycles(count, size, board) + multicast_cycles(count * size, board)
    banks = dram_cycles(count * size, board) if in1.in_dram else 0.0
    latency = latency_cycles(in1.in_dram, board) + (board["l1_write"] if program.cores > 1 else 0)
    return Feed(latency, max(window, weights), banks)
