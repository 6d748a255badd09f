"""What all units of a check or of a search have in common, and where they run."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Arguments of `check` and of a `Bench` alike.

    Attributes:
        voice: a name in data/voices/ or a folder.
        tier: "fast" or "exact".
        seed: of the noise.
        scheduler, workers, progress: see `sweep`.
    """

    voice: str = "slt"
    tier: str = "fast"
    seed: int = 0
    scheduler: str | None = None
    workers: int | None = None
    progress: bool = True

    @classmethod
    def of(cls, source: object) -> dict[str, Any]:
        """Those that an object has, by name, to be handed on as keyword arguments."""
        names = [field.name for field in fields(cls) if hasattr(source, field.name)]
        return {name: getattr(source, name) for name in names}
