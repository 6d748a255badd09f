"""`lightning-v2 deploy`."""

from __future__ import annotations

import argparse
from textwrap import fill
from time import perf_counter
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import JSON_FILE, add_output, add_voice, given_text
from lightning_v2.deployment.device.target import BOARDS, TARGETS, open_device, ttnn_version
from lightning_v2.errors import ArgumentError

if TYPE_CHECKING:
    from lightning_v2.deployment.deployment import Deployment
    from lightning_v2.deployment.device.target import Device
    from lightning_v2.deployment.lowering.buckets import Buckets
    from lightning_v2.model import Voice
    from lightning_v2.precision import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Compile the voice for a device, bucket by bucket, report what it asks of it, and speak. "
        "A mock device computes nothing: it shows what ttnn accepts, and memory, programs and "
        "transfers. The simulator takes minutes: choose one small bucket. Not yet run on silicon."
    )
    parser.add_argument("--target", choices=TARGETS, required=True, help="what to deploy to")
    parser.add_argument(
        "--board",
        choices=BOARDS,
        help="of a mock, which one to make up (default: n150); else the one that must be there",
    )
    parser.add_argument(
        "--plan",
        default="lightning-v2",
        help="a name in data/plans/ or a YAML file (default: %(default)s)",
    )
    parser.add_argument("--text", help="English text, or - to read it from standard input")
    add_output(parser, "-o", "--output", metavar="FILE", help="what was said of --text")
    add_output(parser, "--report", metavar="FILE.json", help="programs, memory and transfers")
    parser.add_argument(
        "--batch",
        type=values.whole(1),
        default=1,
        metavar="N",
        help="sentences at once (default: %(default)s)",
    )
    parser.add_argument(
        "--buckets",
        type=_lengths,
        metavar="FRAMES,…",
        help="lengths in frames that programs are compiled for, ascending multiples of 32, with a "
        "quarter as many phones (default: 128,256,512,1024)",
    )
    add_voice(parser)


def run(args: argparse.Namespace) -> int:
    """0: done. 1: the device lacks operations that the voice needs; they are listed."""
    from lightning_v2.deployment.deployment import Deployment
    from lightning_v2.files import check_output
    from lightning_v2.model.speech import SOUND_FILE
    from lightning_v2.precision import Plan
    from lightning_v2.voices import load

    # Compiling takes long: what can be wrong with the rest is found before.
    if args.output and args.text is None:
        raise ArgumentError("-o needs a --text to speak")
    if args.output:
        check_output(args.output, *SOUND_FILE)
    if args.report:
        check_output(args.report, *JSON_FILE)
    buckets = _buckets(args.buckets, args.batch)
    plan, voice = Plan.load(args.plan), load(args.voice)
    text = None if args.text is None else given_text(args.text)
    if text is not None:
        voice.phonemize(text)
    with open_device(args.target, args.board) as device:
        if _lacks_operations(voice, plan, device, args.report):
            return 1
        deployment = Deployment(voice, plan, device, buckets=buckets)
        try:
            _announce(deployment)
            _compile(deployment)
            if text is not None:
                _speak(deployment, text, args.seed, args.output)
            _show(deployment, args.report)
        finally:
            deployment.close()
    return 0


def _lacks_operations(voice: Voice, plan: Plan, device: Device, report: str | None) -> bool:
    """Whether some nodes of a voice cannot run on a device; prints which, and why."""
    from lightning_v2.deployment.refusals import refusals, save

    found = refusals(voice, plan, device)
    if found is None or not found.refused:
        return False
    by_reason: dict[tuple[str, str], list[str]] = {}
    for row in found.refused:
        by_reason.setdefault((row.op, row.reason), []).append(row.node)
    for (op, reason), nodes in by_reason.items():
        print(f"{op}, {len(nodes)} nodes: {reason}")
        print(fill(", ".join(nodes), 100, initial_indent="    ", subsequent_indent="    "))
    print(f"\nvoice {voice.name} cannot be deployed whole: {found}")
    if report:
        save(found, report)
        print(f"written to {report}")
    return True


def _announce(deployment: Deployment) -> None:
    device = deployment.device
    columns, rows = device.grid
    print(
        f"plan {deployment.plan.name} on {device.target} {device.board} ({device.arch}, "
        f"{columns} x {rows} cores), ttnn {ttnn_version()}",
        flush=True,
    )


def _compile(deployment: Deployment) -> None:
    from lightning_v2.progress import bar

    start, count = perf_counter(), len(deployment.buckets.frames)
    with bar(count, "bucket", "compile") as shown:
        for name in deployment.prepare():
            shown.set_postfix_str(name, refresh=False)
            shown.update()
    weights = deployment.weights
    print(f"buckets compiled: {count} in {perf_counter() - start:.1f} s (measured)")
    place = f" in {weights.folder}" if weights.folder else ""
    print(f"constants: {weights.packed} packed, {weights.loaded} from the cache{place}", flush=True)


def _speak(deployment: Deployment, text: str, seed: int, output: str | None) -> None:
    start = perf_counter()
    speech = deployment.synthesize(text, seed=seed)
    print(f"{speech.duration_s:.2f} s of speech in {perf_counter() - start:.2f} s (measured)")
    if deployment.device.target == "mock":
        print("a mock device computes nothing: its values are zeros, durations among them")
    if output:
        speech.save(output)
        print(f"written to {output}")


def _show(deployment: Deployment, path: str | None) -> None:
    from lightning_v2.deployment.observed.readable import origin, readable

    print(f"\n{readable(deployment.report).to_string(index=False)}\n\n{origin(deployment.report)}")
    if path:
        deployment.report.save(path)
        print(f"written to {path}")


def _lengths(text: str) -> tuple[int, ...]:
    try:
        frames = tuple(map(int, text.split(",")))
        _buckets(frames, batch=1)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not legal; legal are ascending multiples of 32, the last one above 64, "
            "such as 128,256"
        ) from None
    return frames


def _buckets(frames: tuple[int, ...] | None, batch: int) -> Buckets:
    from lightning_v2.deployment.lowering.buckets import Buckets

    return Buckets.of_frames(frames, batch=batch) if frames else Buckets(batch=batch)
