"""`lightning-v2 voices`: which voices there are, whose they are, and what is missing."""

import argparse


def run(args: argparse.Namespace) -> int:
    """0: listed."""
    from lightning_v2.model.formats import known_voices
    from lightning_v2.onnx.voices import PACKAGED
    from lightning_v2.voices import licence_of

    rows = [("voice", "language", "licence", "package")]
    for name in (*known_voices(), *PACKAGED):
        told = licence_of(name)
        package = f"not installed: {told.missing}" if told.missing else told.package
        rows.append((name, told.language, told.words, package))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        words = (word.ljust(width) for word, width in zip(row, widths, strict=True))
        print("  ".join(words).rstrip())
    print("\nOr the path of a Piper .onnx with its .json, of a Kokoro .onnx with ?style=FILE:NAME,")
    print("or of a .py file with a function voice() that returns one.")
    return 0
