"""Texts of all kinds through the front ends that read English."""

import functools
import random
import warnings

from lightning_v2.resources import held_out_texts
from lightning_v2.text import TextError, UnspokenWarning, normalize
from lightning_v2.text.misaki import misaki_sentences
from tests.fuzz.damage import character, mutated_text

_MARKS = "0123456789" * 3 + "$£€%#@&*/\\-–—.,:;!?'\"()[]{}<>+=~^_|°²½№  "
_FORMS = (
    "{n}-{n}-{n}", "${n}.{n}-${n}", "{n}:{n}{w}", "{n}{w}s", "({n}) {n}-{n}", "{w}.{w}.{w}",
    "https://{w}.{w}/{w}?{w}={n}#{w}", "{w}@{w}.com", "{n}/{n}/{n}", "{n}e{n}", "0x{n}{w}",
    "{w}. {w}. {n}.", "{n} {w}/{w}²", "{w}'{w}'s", "#{w}{n}", "{n}°{w}", "No. {n}{w}",
    "v{n}.{n}.{n}", "{W} {W}. {W}", "{n}th-{n}st", "-{n}.{n}%", "{n},{n},{n}",
)  # fmt: skip
_WORDS = (
    "a", "Dr", "U.K", "kg", "kWh", "pm", "MP", "IV", "XVIII", "Henry", "node", "js", "est", "cf",
    "St", "x", "é", "ISBN", "naïve", "zxqv", "COVID", "o", "K", "th", "rd", "III",
)  # fmt: skip


def prepare() -> None:
    """What only the first case would have to wait for."""
    use("Hello.")


def make(rng: random.Random) -> str:
    """One text."""
    match rng.randrange(6):
        case 0:
            return "".join(character(rng) for _ in range(rng.choice((1, 2, 10, 100))))
        case 1:
            return "".join(rng.choice(_MARKS) for _ in range(rng.choice((1, 3, 10, 60))))
        case 2:
            return " ".join(_written(rng) for _ in range(rng.choice((1, 1, 2, 6))))
        case 3:
            return f"{rng.choice(_sentences())} {_written(rng)} {rng.choice(_sentences())}"
        case 4 if rng.random() < 0.05:
            joint = rng.choice((" ", "", "\n", ", "))
            return joint.join(rng.choices(_sentences(), k=rng.choice((20, 60))))
        case _:
            return mutated_text(rng, rng.choice(_sentences()), rng.choice((1, 3, 10, 40)))


def use(text: str) -> None:
    """Text to phones as the voice that ships reads it, and to words as Piper voices do."""
    refused = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnspokenWarning)
        for read in (misaki_sentences, lambda text: normalize(text).text):
            try:
                assert read(text), "nothing and no error"
            except TextError as error:
                refused.append(error)
    if refused:
        raise refused[0]


def _written(rng: random.Random) -> str:
    word = rng.choice(_WORDS)
    number = rng.choice(("0", "007", str(rng.randrange(100)), str(rng.randrange(10**12))))
    written = rng.choice(_FORMS).format(n=number, w=word, W=word.capitalize())
    return mutated_text(rng, written, rng.choice((0, 0, 1, 2)))


@functools.cache
def _sentences() -> list[str]:
    return list(held_out_texts().values())
