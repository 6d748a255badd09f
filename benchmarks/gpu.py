"""What a batch of sentences takes on this machine's GPU, *measured*: float16 and bfloat16, recorded
once as a CUDA graph and replayed.

Beside `lightning_v2.economics.gpu`, which models cards that are not there. Both are for the same
work: encoder, durations, pitch, decoder, source and vocoder, for sentences that fill a bucket. It
needs a GPU with CUDA and a voice of ours, and without says so and ends with 2. Writes
benchmarks/results/gpu-CARD.json: latency of a replay with and without the transfers around it,
seconds of speech a second, and memory.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import lightning_v2 as lv2
from lightning_v2.model.natural.config import BINS, HOP, STEP
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
WARM, REPLAYS = 5, 50


class Sentence(nn.Module):
    """All that a GPU does for a batch; durations and F0 are predicted, and given ones are used, so
    that shapes are known."""

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        super().__init__()
        self.network = network.to(dtype)
        self.dtype = dtype

    def forward(self, phones: Tensor, places: Tensor, f0: Tensor, noise: Tensor) -> Tensor:
        """Phones (B, P), the phone of each step (B, S), F0 (B, T) in Hz and noise (B, T, 2, K), the
        last two float32, to a waveform (B, N)."""
        net, dtype = self.network, self.dtype
        hidden, text = net.encoder(phones), net.text(phones)
        net.duration(hidden)
        _, energy = net.prosody(_at(hidden, places))
        columns = net.pitch_columns(f0.to(dtype), energy)
        channels = net.decoder(_at(text, places.repeat_interleave(STEP, 1)), columns)
        # A phase is an integer, or nothing that 16 bits can hold.
        pulses = net.source(f0)
        return net.vocoder(channels, pulses.to(dtype), noise.to(dtype))


def _at(phones: Tensor, places: Tensor) -> Tensor:
    """(B, P, C) at places (B, S): (B, S, C)."""
    return torch.gather(phones, 1, places.unsqueeze(-1).expand(-1, -1, phones.shape[-1]))


@dataclass(frozen=True, slots=True)
class Measured:
    """One batch.

    Attributes:
        dtype, batch: what ran.
        replay_ms, with_transfers_ms: medians.
        speech_s_per_s: with transfers.
        memory_mib: most that was allocated.
    """

    dtype: str
    batch: int
    replay_ms: float
    with_transfers_ms: float
    speech_s_per_s: float
    memory_mib: float


def inputs(batch: int, frames: int, symbols: int = 40) -> tuple[Tensor, ...]:
    """What `Sentence` takes, on the host: phones as long as one another, a voiced sentence.

    symbols: of the alphabet.
    """
    steps = frames // STEP
    phones = frames // 4
    draw = torch.Generator().manual_seed(0)
    places = torch.arange(steps) * phones // steps
    return (
        torch.randint(1, symbols, (batch, phones), generator=draw),
        places.expand(batch, -1).contiguous(),
        torch.full((batch, frames), 180.0),
        torch.randn(batch, frames, 2, BINS, generator=draw),
    )


def recorded(sentence: Sentence, given: tuple[Tensor, ...]) -> tuple[Callable[[], None], Tensor]:
    """A replay of the graph of one call, and where its waveform lies."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            sentence(*given)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        wave = sentence(*given)
    return graph.replay, wave


def median_ms(run: Callable[[], None]) -> float:
    """Median of the time on the GPU between events around a call."""
    times = []
    for i in range(WARM + REPLAYS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        if i >= WARM:
            times.append(start.elapsed_time(end))
    return statistics.median(times)


def measure(network: nn.Module, dtype: str, batch: int, frames: int, rate: int) -> Measured:
    """One batch on the GPU."""
    torch.cuda.reset_peak_memory_stats()
    host = tuple(x.pin_memory() for x in inputs(batch, frames))
    given = tuple(x.cuda() for x in host)
    replay, wave = recorded(Sentence(network.cuda(), DTYPES[dtype]), given)
    back = torch.empty(wave.shape, dtype=wave.dtype, pin_memory=True)

    def whole() -> None:
        for target, source in zip(given, host, strict=True):
            target.copy_(source, non_blocking=True)
        replay()
        back.copy_(wave, non_blocking=True)

    alone, together = median_ms(replay), median_ms(whole)
    spoken = batch * frames * HOP / rate
    memory = torch.cuda.max_memory_allocated() / 2**20
    return Measured(dtype, batch, alone, together, spoken / together * 1e3, memory)


def obstacle(voice: object) -> str:
    """Why nothing can be measured here, "" if it can."""
    if not torch.cuda.is_available():
        return "torch finds no GPU with CUDA here: nothing is measured, and nothing is written"
    if not isinstance(voice, NaturalVoice):
        return "this script measures voices of the kind that is trained here, such as lark"
    return ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--voice", default="lark", help="a name of `lightning-v2 voices`, or a path"
    )
    parser.add_argument("--frames", type=int, default=256, help="of each sentence")
    batches = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    parser.add_argument("--batches", nargs="*", type=int, default=batches)
    parser.add_argument("--output", type=Path, help="default: in benchmarks/results/")
    args = parser.parse_args(arguments)

    voice = lv2.load(args.voice)
    if why := obstacle(voice):
        print(f"error: {why}", file=sys.stderr)
        return 2
    card = torch.cuda.get_device_name()
    rows = []
    with torch.inference_mode():
        for dtype in DTYPES:
            for batch in args.batches:
                network = lv2.load(args.voice).model
                rows.append(measure(network, dtype, batch, args.frames, voice.sample_rate))
                print(rows[-1], flush=True)
    name = card.replace(" ", "-").replace("/", "-")
    save_result(
        args.output or ROOT / "benchmarks/results" / f"gpu-{name}.json",
        ROOT,
        voice,
        "measured",
        card=card,
        driver=torch.version.cuda,
        frames=args.frames,
        rows=[{x: getattr(row, x) for x in Measured.__slots__} for row in rows],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
