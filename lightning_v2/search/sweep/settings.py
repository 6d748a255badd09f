"""What all units of a check or of a search have in common, and where they run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_v2.resources import DEFAULT_VOICE
from lightning_v2.voices import name_of

if TYPE_CHECKING:
    from lightning_v2.model import Voice


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Arguments of `check` and of a `Bench` alike.

    Attributes:
        voice: what `load` knows it by; one that is an object is kept and gets such a name.
        tier: "fast" or "exact".
        seed: of the noise.
        scheduler, workers, progress: see `sweep`.
    """

    voice: str | Path | Voice = DEFAULT_VOICE
    tier: str = "fast"
    seed: int = 0
    scheduler: str | None = None
    workers: int | None = None
    progress: bool = True

    def __post_init__(self):
        object.__setattr__(self, "voice", name_of(self.voice))

    @classmethod
    def of(cls, source: object) -> dict[str, Any]:
        """Those that an object has, by name, to be handed on as keyword arguments."""
        names = [field.name for field in fields(cls) if hasattr(source, field.name)]
        return {name: getattr(source, name) for name in names}
