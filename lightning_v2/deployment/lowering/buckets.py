"""Static shapes: sentences are padded to a few lengths, so that programs are compiled once.

Frames depend on their neighbours only (convolutions), so a sentence longer than the largest bucket
is spoken in pieces that overlap by more than the reach of those convolutions: the bits are those of
one piece. Phones depend on the whole sentence (attention): there the largest bucket is a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.tile import TILE

OVERLAP = 32
"""Frames of context at an inner edge of a piece: a tile, above the 27 that the voice reaches."""


class TooLongError(LightningError, ValueError):
    """A sentence with more phones than the largest bucket holds."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `start` to `start + size` of a sentence; those from `first` to `last` are its result.

    All are counted from the start of the sentence. Frames beyond its end are padding.
    """

    start: int
    size: int
    first: int
    last: int

    @property
    def valid(self) -> slice:
        """The result within the piece."""
        return slice(self.first - self.start, self.last - self.start)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Lengths that programs are compiled for, ascending multiples of 32.

    Attributes:
        phones: of a sentence; those that are not 32, 64, 128, … have bits that no emulation has.
        frames: of a piece; empty for pieces of just the right length.
        batch: sentences at once.
        rows: frames at once, of a batch; the memory of the cores limits them.
        overlap: frames of context at an inner edge of a piece.
    """

    phones: tuple[int, ...] = (32, 64, 128, 256)
    frames: tuple[int, ...] = (128, 256, 512, 1024)
    batch: int = 1
    rows: int = 1024
    overlap: int = OVERLAP

    def __post_init__(self):
        for name in ("phones", "frames"):
            sizes = getattr(self, name)
            if list(sizes) != sorted(set(sizes)) or any(n < TILE or n % TILE for n in sizes):
                raise ArgumentError(f"{name} is {sizes}; legal are ascending multiples of {TILE}")
        if not self.phones:
            raise ArgumentError("phones is empty; legal is one bucket or more")
        for name in ("batch", "rows", "overlap"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}; legal are numbers from 1 on")
        least = 2 * self.overlap
        if self.frames and self.frames[-1] <= least:
            raise ArgumentError(f"frames ends with {self.frames[-1]}; legal is above {least}")

    @classmethod
    def of_frames(cls, frames: Sequence[int], batch: int = 1) -> Buckets:
        """Buckets of so many frames, and for each one of a quarter as many phones or more."""
        phones = {EXACT_LENGTHS.for_phones(-(-size // 4)) for size in frames}
        return cls(tuple(sorted(phones)), tuple(frames), batch)

    def for_phones(self, count: int) -> int:
        """The bucket of a sentence of `count` phones.

        Raises:
            TooLongError: there is none.
        """
        for size in self.phones:
            if count <= size:
                return size
        raise TooLongError(f"a sentence of {count} phones; the largest bucket is {self.phones[-1]}")

    def groups(self, counts: Sequence[int]) -> Iterator[list[int | None]]:
        """Sentences of so many frames by number, in groups of similar length; a group that is not
        full ends in None."""
        waiting = sorted(range(len(counts)), key=lambda i: -counts[i])
        while waiting:
            longest = next(self.pieces(counts[waiting[0]])).size
            size = max(1, min(self.batch, self.rows // longest))
            group, waiting = waiting[:size], waiting[size:]
            yield group + [None] * (size - len(group))

    def pieces(self, count: int) -> Iterator[Piece]:
        """A sentence of `count` frames in the smallest bucket that holds it, or in pieces of the
        largest one."""
        fitting = [size for size in self.frames or [count] if size >= count]
        if fitting:
            yield Piece(0, fitting[0], 0, count)
            return
        largest, first = self.frames[-1], 0
        while first < count:
            start = max(first - self.overlap, 0)
            end = start + largest
            last = count if end >= count else end - self.overlap
            yield Piece(start, largest, first, last)
            first = last


EXACT_LENGTHS = Buckets(phones=tuple(TILE << i for i in range(16)), frames=())
"""For an emulation: only phones are padded, on which the bits depend, and there is no limit."""
