"""Static lengths: how sentences are padded, cut and grouped."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, OVERLAP, Buckets, TooLongError

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=5, unique=True).map(
    lambda sizes: tuple(32 * size for size in sorted(sizes))
)


@st.composite
def buckets(draw, **options):
    frames = draw(SIZES)
    assume(frames[-1] > 2 * OVERLAP)
    return Buckets(frames=frames, **{name: draw(value) for name, value in options.items()})


@given(buckets(), st.integers(1, 3000))
def test_pieces_give_every_frame_once(lengths, count):
    pieces = list(lengths.pieces(count))
    frames = [frame for piece in pieces for frame in range(piece.first, piece.last)]
    assert frames == list(range(count))
    for piece in pieces:
        assert piece.size in lengths.frames
        assert 0 <= piece.start <= piece.first < piece.last <= piece.start + piece.size
        inside = range(piece.start, piece.start + piece.size)[piece.valid]
        assert inside == range(piece.first, piece.last)


@given(buckets(), st.integers(1, 3000))
def test_inner_edges_have_context(lengths, count):
    for piece in lengths.pieces(count):
        assert piece.start == 0 or piece.first - piece.start >= OVERLAP
        assert piece.last == count or piece.start + piece.size - piece.last >= OVERLAP


@given(buckets(), st.integers(1, 3000))
def test_one_piece_in_the_smallest_bucket_or_several_in_the_largest(lengths, count):
    """So that a long sentence asks for no program but those of the largest bucket."""
    pieces = list(lengths.pieces(count))
    largest = lengths.frames[-1]
    if count <= largest:
        (piece,) = pieces
        assert all(size < count for size in lengths.frames if size < piece.size)
    else:
        assert {piece.size for piece in pieces} == {largest}
        assert all(piece.last > piece.first for piece in pieces)


def test_known_pieces():
    cuts = [
        (piece.start, piece.size, piece.first, piece.last)
        for piece in Buckets(frames=(96, 128)).pieces(250)
    ]
    assert cuts == [(0, 128, 0, 96), (64, 128, 96, 160), (128, 128, 160, 250)]


@given(st.integers(1, 5000))
def test_exact_lengths_do_not_cut(count):
    (piece,) = EXACT_LENGTHS.pieces(count)
    assert (piece.start, piece.size, piece.valid) == (0, count, slice(0, count))


@given(st.integers(1, 10_000))
def test_phones_of_an_emulation_have_a_bucket(count):
    size = EXACT_LENGTHS.for_phones(count)
    assert size >= count and (size == 32 or size // 2 < count)


def test_the_smallest_bucket_of_phones():
    lengths = Buckets(phones=(32, 96))
    assert [lengths.for_phones(count) for count in (1, 32, 33, 96)] == [32, 32, 96, 96]
    with pytest.raises(TooLongError, match="a sentence of 97 phones; the largest bucket is 96"):
        lengths.for_phones(97)


COUNTS = st.lists(st.integers(1, 900), min_size=1, max_size=12)


@given(buckets(batch=st.integers(1, 5), rows=st.integers(1, 1500)), COUNTS)
def test_groups_hold_every_sentence_once(lengths, counts):
    groups = list(lengths.groups(counts))
    members = [i for group in groups for i in group if i is not None]
    assert sorted(members) == list(range(len(counts)))
    for group in groups:
        present = [i for i in group if i is not None]
        assert present and group[: len(present)] == present
        assert len(group) <= lengths.batch
        longest = next(lengths.pieces(max(counts[i] for i in present))).size
        assert len(group) == 1 or len(group) * longest <= lengths.rows


@given(buckets(batch=st.integers(1, 5), rows=st.integers(1, 1500)), COUNTS)
def test_groups_are_of_similar_length_and_only_the_last_is_not_full(lengths, counts):
    *full, last = lengths.groups(counts)
    assert all(None not in group for group in full)
    spoken = [counts[i] for group in (*full, last) for i in group if i is not None]
    assert spoken == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phones": ()}, "phones is empty; legal is one bucket or more"),
        ({"phones": (48,)}, r"phones is \(48,\); legal are ascending multiples of 32"),
        ({"phones": (0, 32)}, r"phones is \(0, 32\); legal are ascending"),
        ({"frames": (256, 128)}, r"frames is \(256, 128\); legal are ascending multiples of 32"),
        ({"frames": (128, 128)}, r"frames is \(128, 128\); legal are ascending"),
        ({"frames": (32, 64)}, "frames ends with 64; legal is above 64"),
        ({"batch": 0}, "batch is 0; legal are numbers from 1 on"),
        ({"rows": 0}, "rows is 0; legal are numbers from 1 on"),
    ],
)
def test_lengths_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Buckets(**options)
