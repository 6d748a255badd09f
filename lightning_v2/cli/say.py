"""`lightning-v2 say`."""

import argparse

from lightning_v2.cli.arguments import (
    add_output,
    add_tier,
    add_voice,
    announce_compilation,
    given_text,
)
from lightning_v2.errors import ArgumentError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Speak a text into a sound file, mono at the rate of the voice: in PyTorch float32, or, "
        "with --plan, in the emulated arithmetic of the chip."
    )
    parser.add_argument("text", help="English text, or - to read it from standard input")
    add_output(
        parser,
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="what was said: .wav, .flac, .ogg or .mp3, and WAV where the name does not say",
    )
    parser.add_argument(
        "--plan",
        help="precision plan: a name in data/plans/ or a YAML file (default: none, float32)",
    )
    add_voice(parser)
    add_tier(parser)


def run(args: argparse.Namespace) -> int:
    """0: written."""
    from lightning_v2.files import check_output
    from lightning_v2.model.speech import SOUND_FILE
    from lightning_v2.voices import load

    check_output(args.output, *SOUND_FILE)
    if args.tier == "exact" and not args.plan:
        raise ArgumentError("--tier exact needs a --plan: without one PyTorch speaks in float32")
    if args.plan:
        # Not needed without one, and longer to import than the sentence takes.
        from lightning_v2.deployment.speak import speak
        from lightning_v2.precision import Plan

        plan = Plan.load(args.plan)
    voice = load(args.voice)
    text = given_text(args.text)
    if args.plan:
        announce_compilation(args.tier)
        speech = speak(voice, text, plan, args.tier, seed=args.seed)
    else:
        speech = voice.synthesize(text, seed=args.seed)
    speech.save(args.output)
    how = f"plan {speech.plan}, {speech.tier} tier (emulated)" if speech.plan else "PyTorch float32"
    print(f"{args.output}: {speech.duration_s:.2f} s, {how}")
    for note in getattr(voice, "notes", ()):
        print(f"{voice.name}: {note}")
    return 0
