"""Damaged plans, read and held against the sites of the voice."""

import functools
import random
import tempfile
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.precision import Plan, presets
from lightning_v2.precision.coverage import voice_sites
from lightning_v2.resources import data_path
from lightning_v2.tensix.numbers.sites import Site
from tests.fuzz.damage import mutated_bytes, mutated_text

_YAML = (
    "&a ", "*a", "<<: *a", "!!python/object:os.system ", "!!binary ", "? ", "| ", "> ", "- ", "---",
    "...", "[", "]", "{", "}", ", ", ": ", "#", "'", '"', "%YAML 9.9\n", "~", ".nan", ".inf",
    "0x10", "1e400", "2020-01-01", "null", "yes", "1_000", "\\uD800", '"\\uD800"', "\t", "[" * 3000,
    "- " * 3000, "{a: " * 400, "9" * 5000, "@", "`", "=", "\ufeff",
)  # fmt: skip
_WORDS = (
    "float32", "bfloat16", "bfloat8_b", "bfloat4_b", "uint32", "LoFi", "HiFi2", "HiFi3", "HiFi4",
    "true", "false", "0", "1", "-1", "fidelity", "sites", "rules", "default", "name", "description",
    "weights", "activations", "output", "math_fidelity", "fp32_dest_acc_en", "in0_block_w", "*",
    "source.phase", "*.output", "[!a]*", "[", "?", "decoder.*", "*softmax", "encoder.layers.0.up",
)  # fmt: skip


def prepare() -> None:
    """What only the first case would have to wait for."""
    _sites()


def make(rng: random.Random) -> bytes:
    """A preset with damage to its lines, words, characters or bytes."""
    text = rng.choice(_presets())
    for _ in range(rng.choice((1, 1, 2, 4))):
        match rng.randrange(5):
            case 0:
                text = _other_lines(rng, text)
            case 1 | 2:
                words = text.split(" ")
                index = rng.randrange(len(words))
                words[index] = rng.choice(_WORDS + _YAML) + rng.choice(("", "\n", ":"))
                text = " ".join(words)
            case 3:
                text = mutated_text(rng, text, rng.choice((1, 2, 5)))
            case 4:
                return mutated_bytes(rng, text.encode(), rng.choice((1, 3, 10)))
    return text.encode()


def use(data: bytes) -> None:
    """Read it, hold it against the voice, write it and read it again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_bytes(data)
        plan = Plan.load(path)
    plan.check(_sites())
    for site in _sites():
        plan.for_site(site)
    assert Plan.parse(plan.to_yaml()).digest == plan.digest, "another plan after a round trip"


def _other_lines(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
        case 3:
            lines[first] = " " * rng.randrange(5) + lines[first].lstrip()
    return "\n".join(lines)


@functools.cache
def _presets() -> list[str]:
    return [data_path("plans", f"{name}.yaml").read_text() for name in presets()]


@functools.cache
def _sites() -> list[Site]:
    return voice_sites(lv2.load())
