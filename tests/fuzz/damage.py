"""Damage that any file can take, and text that anybody can type."""

import random
import sys

_ODD = (
    "\0", "\t", "\r\n", "\x0b", "\x1b[31m", "\x7f", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200d",
    "\u2028", "\u202e", "\ufeff", "\ufffd", "\U0001f468\u200d\U0001f469", "e\u0301\u0327", "ﬁ", "Ⅷ",
    "½", "²", "٣", "五", "ß", "İ", "ǅ", "'", '"', "\\", "%", "$", "`",
)  # fmt: skip


def character(rng: random.Random) -> str:
    """Any character but half a surrogate pair, the common ones more often."""
    while True:
        limit = rng.choice((0x80, 0x250, 0x3000, 0x10000, sys.maxunicode + 1))
        code = rng.randrange(limit)
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def mutated_text(rng: random.Random, text: str, times: int) -> str:
    """A text of which pieces were dropped, doubled, swapped, or replaced by odd characters."""
    for _ in range(times):
        start, length = rng.randrange(len(text) + 1), rng.choice((1, 1, 1, 2, 8, 40))
        piece, rest = text[start : start + length], text[start + length :]
        new = rng.choice(
            (
                "",
                piece * rng.choice((2, 3, 30)),
                piece[::-1],
                piece.swapcase(),
                rng.choice(_ODD),
                character(rng),
                str(rng.choice((0, 7, 1999, 10 ** rng.randrange(40), -rng.random()))),
            )
        )
        text = text[:start] + new + rest
    return text


def mutated_bytes(rng: random.Random, data: bytes, times: int) -> bytes:
    """Bytes of which some were flipped, overwritten, cut out, put in, or cut off at the end."""
    damaged = bytearray(data)
    for _ in range(times):
        start = rng.randrange(len(damaged) + 1)
        length = rng.choice((1, 2, 8, 300))
        match rng.randrange(5):
            case 0 if start < len(damaged):
                damaged[start] ^= 1 << rng.randrange(8)
            case 1:
                damaged[start : start + length] = rng.randbytes(length)
            case 2:
                del damaged[start : start + length]
            case 3:
                damaged[start:start] = rng.choice((rng.randbytes(length), b"\0" * length))
            case _ if rng.random() < 0.3:
                del damaged[start:]
    return bytes(damaged)


def odd_value(rng: random.Random, depth: int = 0) -> object:
    """A value that JSON can hold, of any kind and size."""
    simple = (
        None, True, False, 0, 1, -1, 2**31, 2**64, 10**30, 0.5, -0.0, 1e308, float("nan"),
        float("inf"), "", "0", "192", "nan", "\0", "F32", "é", "x" * 5000, [], {}, [[]],
    )  # fmt: skip
    if depth > 3 or rng.random() < 0.7:
        return rng.choice(simple)
    values = [odd_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return values if rng.random() < 0.5 else {str(i): value for i, value in enumerate(values)}


def mutated_tree(rng: random.Random, tree: object) -> object:
    """A JSON value in which one thing, somewhere, was replaced, dropped, renamed or added."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        key = rng.choice(list(tree))
        changed = dict(tree)
        match rng.randrange(6):
            case 0:
                del changed[key]
            case 1:
                changed[str(odd_value(rng))[:50]] = changed.pop(key)
            case 2:
                changed[f"{key}{rng.randrange(3)}"] = odd_value(rng)
            case _:
                changed[key] = mutated_tree(rng, tree[key])
        return changed
    if isinstance(tree, list) and tree and rng.random() < 0.7:
        index = rng.randrange(len(tree))
        return [*tree[:index], mutated_tree(rng, tree[index]), *tree[index + 1 :]]
    if isinstance(tree, int) and not isinstance(tree, bool) and rng.random() < 0.5:
        return tree + rng.choice((-1, 1, 32, -tree, -2 * tree, 10**6))
    return odd_value(rng)
