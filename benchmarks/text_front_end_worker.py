"""One text front end on the table of hard inputs: run by `text_front_ends.py`, in any environment.

Reads [[written, reading, reading...], ...] and plain sentences as JSON from standard input, writes
its outcomes as JSON to standard output. Needs nothing but the front end that it is told to load.
"""

import contextlib
import importlib.metadata
import json
import re
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator


def ours() -> Callable[[str], str]:
    from lightning_v2.text import normalize

    return lambda text: normalize(text).text


def hibari() -> Callable[[str], str]:
    from hibari.g2p import G2P

    return G2P()


def nemo() -> Callable[[str], str]:
    from nemo_text_processing.text_normalization.normalize import Normalizer

    return Normalizer(input_case="cased", lang="en").normalize


def kitten() -> Callable[[str], str]:
    from kitten_text_processing import normalize_text

    return normalize_text


def wetext() -> Callable[[str], str]:
    from wetext import Normalizer

    return Normalizer(lang="en", operator="tn").normalize


def gruut() -> Callable[[str], str]:
    from gruut import sentences

    return lambda text: " ".join(w.text for s in sentences(text, lang="en-us") for w in s)


def spokenform() -> Callable[[str], str]:
    from spokenform import prepare

    return lambda text: prepare(text, language="en").spoken_text


def normt2s() -> Callable[[str], str]:
    from normt2s import normalize

    return normalize


def utterwise() -> Callable[[str], str]:
    from utterwise import normalize

    return normalize


def voxnorm() -> Callable[[str], str]:
    from voxnorm import normalize

    return lambda text: normalize(text, lang="en")


FRONT_ENDS = {
    "lightning-v2": ours,
    "hibari-tts": hibari,
    "nemo-text-processing": nemo,
    "kitten-text-processing": kitten,
    "wetext": wetext,
    "gruut": gruut,
    "spokenform": spokenform,
    "normt2s": normt2s,
    "utterwise": utterwise,
    "voxnorm": voxnorm,
}
"""By the name of the package: how to load it; what that gives reads a text."""


def letters(reading: str) -> str:
    """What counts in a reading: not case, accents, spaces, marks or "and"."""
    plain = unicodedata.normalize("NFKD", reading.lower())
    return re.sub(r"[\W_]+", "", re.sub(r"\boh\b", "o", re.sub(r"\band\b", " ", plain)))


def phones(reading: str) -> str:
    """What counts in phonemes: not stress, spaces, marks, flaps, "and"."""
    plain = re.sub("[ˈˌː]", "", reading).replace("T", "t").replace("ᵊ", "ə")
    return re.sub(r"\W", "", re.sub(r"\b[æə]nd\b", "", plain))


def acceptable(name: str, say: Callable[[str], str], readings: list[str]) -> set[str]:
    """All that a right answer may be.

    hibari-tts gives phonemes only: the right ones are those that it gives to a right reading, in
    which letters may stand apart ("F B I") or together ("FBI").
    """
    if name != "hibari-tts":
        return {letters(reading) for reading in readings}
    together = [re.sub(r"\b([A-Z]) (?=[A-Z]\b)", r"\1", reading) for reading in readings]
    dotted = [re.sub(r"\b([A-Z])\b", r"\1.", reading) for reading in readings]
    return {phones(say(reading)) for reading in [*readings, *together, *dotted]}


def installed_bytes(name: str) -> int:
    """Size of a package and of all that it needs."""
    return sum(
        path.stat().st_size
        for distribution in needed(name)
        for file in distribution.files or []
        if (path := distribution.locate_file(file)).is_file()
    )


def needed(name: str) -> Iterator[importlib.metadata.Distribution]:
    waiting, seen = [name], set()
    while waiting:
        key = re.sub(r"[-_.]+", "-", waiting.pop().lower())
        if key in seen:
            continue
        seen.add(key)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            distribution = importlib.metadata.distribution(key)
            yield distribution
            required = [r for r in distribution.requires or [] if "extra ==" not in r]
            waiting += [re.match(r"[\w.-]+", requirement)[0] for requirement in required]


def main() -> None:
    name = sys.argv[1]
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        start = time.perf_counter()
        say = FRONT_ENDS[name]()
        say("Hello world.")
        load_s = time.perf_counter() - start
        judge = phones if name == "hibari-tts" else letters
        outcomes = []
        for written, *readings in given["table"]:
            try:
                said = say(written)
            except Exception as error:  # whatever a front end may raise is an outcome
                outcomes.append({"right": False, "said": None, "error": f"{type(error).__name__}"})
                continue
            right = judge(said) in acceptable(name, say, readings)
            outcomes.append({"right": right, "said": said, "error": None})
        start = time.process_time()
        for sentence in given["sentences"]:
            say(sentence)
        seconds = time.process_time() - start
    found = {
        "version": importlib.metadata.version(name),
        "load_s": load_s,
        "sentences_per_s": len(given["sentences"]) / seconds,
        "installed_bytes": installed_bytes(name) if name != "lightning-v2" else None,
        "outcomes": outcomes,
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
