"""The parts of a voice that engineers speak of, and what modules in them are usually called."""

import re
from typing import Literal

Part = Literal["front end", "durations", "F0", "decoder", "source", "upsampling", "inverse STFT"]
"""In the order in which a text becomes sound. The front end is the part of the network that reads
phones; what comes before them computes nothing in low precision."""

PARTS: tuple[Part, ...] = Part.__args__

_NAMES: tuple[tuple[Part, str], ...] = (
    (
        "source",
        r"source|sin_gen|f0_upsamp|noise_(conv|res)|pulses|^waveform\.analysis"
        r"|^vocoder\.(cosines|sines)(\.|$)",
    ),
    ("decoder", r"^vocoder\.head\."),
    ("inverse STFT", r"istft|inverse_stft|^waveform(\.|$)|^vocoder(\.|$)"),
    ("F0", r"(^|\.)(f0|pitch)(\.|_|$)|^prosody\."),
    ("durations", r"(^|\.)(dur\w*|dp)(\.|$)"),
    ("front end", r"(^|\.)(enc_p|\w*text_enc\w*|bert\w*|emb\w*)(\.|$)|^(encoder|text)\."),
    ("upsampling", r"(^|\.)(ups|resblocks|upsample)(\.|$)"),
)


def part_of_name(site: str, among: tuple[Part, ...] = PARTS) -> Part | None:
    """The part that the name of a site tells of, of those asked for; None if none does."""
    for part, pattern in _NAMES:
        if part in among and re.search(pattern, site, re.IGNORECASE):
            return part
    return None
