"""What a voice is, before anybody lets it speak."""

import html
from collections import Counter
from dataclasses import dataclass

from lightning_v2.analysis.sites.parts import parts_of
from lightning_v2.chapters.your_own_voice.alone import kinds_of
from lightning_v2.model import Voice
from lightning_v2.precision import voice_sites


@dataclass(frozen=True)
class VoiceCard:
    """A voice in a few sentences, counted from its file.

    Attributes:
        voice: from `lightning_v2.load`.
    """

    voice: Voice

    def lines(self) -> list[str]:
        """One sentence each."""
        voice = self.voice
        sites = voice_sites(voice)
        values = sum(x.numel() for x in voice.model.parameters())
        parts = ", ".join(f"{part} {len(names)}" for part, names in parts_of(voice).items())
        kinds = ", ".join(f"{kind} {len(names)}" for kind, names in kinds_of(voice).items())
        given = " and ".join(sorted(voice.takes)) or "nothing"
        macs = Counter({site.name: site.macs for site in sites}).total()
        return [
            f"{values / 1e6:.2f} million parameters, {voice.sample_rate} Hz, "
            f"{macs / 1e6:.0f} million multiply-adds for one pangram.",
            f"{len(sites)} sites by part: {parts}.",
            f"By kind of operation: {kinds}.",
            f"What a comparison can pin to those of float32: {given}.",
            *(f"{note[0].upper()}{note[1:]}." for note in getattr(voice, "notes", ())),
        ]

    def __repr__(self) -> str:
        return "\n".join([self.voice.name, *(f"- {line}" for line in self.lines())])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        name = html.escape(self.voice.name)
        return f'<div class="findings"><p><strong>{name}</strong></p><ul>{items}</ul></div>'
