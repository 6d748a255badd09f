"""Damaged checkpoints, with and without the digest that belongs to them."""

import functools
import hashlib
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.resources import data_path
from tests.fuzz.damage import mutated_bytes, mutated_tree, odd_value

_DTYPES = ("F32", "F64", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F4",
           "C64", "U16", "E8M0", "float", "", "F32 ")  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """The two files of a voice; shown in short."""

    config: bytes
    weights: bytes
    how: str

    def __repr__(self) -> str:
        return f"{self.how}; {len(self.weights)} bytes of weights; config {self.config[:150]!r}"


def prepare() -> None:
    """What only the first case would have to wait for."""
    lv2.load()


def make(rng: random.Random) -> Checkpoint:
    """The shipped voice with one kind of damage."""
    config, weights = _files()
    how = rng.choice(("config tree", "config bytes", "weights", "length", "header", "header tree"))
    document = json.loads(config)
    match how:
        case "config tree":
            for _ in range(rng.choice((1, 1, 3))):
                document = mutated_tree(rng, document)
            return Checkpoint(json.dumps(document).encode(), weights, how)
        case "config bytes":
            return Checkpoint(mutated_bytes(rng, config, rng.choice((1, 1, 5))), weights, how)
        case "weights":
            weights = mutated_bytes(rng, weights, rng.choice((1, 3)))
        case "length":
            length = rng.choice((0, 1, 2**20, 2**31, 2**63, 2**64 - 1, rng.randrange(10**5)))
            weights = length.to_bytes(8, "little") + weights[8:]
        case "header":
            header, values = _split(weights)
            weights = _joined(mutated_bytes(rng, header, rng.choice((1, 3))), values)
        case "header tree":
            header, values = _split(weights)
            weights = _joined(json.dumps(_other_header(rng, json.loads(header))).encode(), values)
    if rng.random() < 0.8:
        document["sha256"] = hashlib.sha256(weights).hexdigest()
    return Checkpoint(json.dumps(document).encode(), weights, how)


def use(checkpoint: Checkpoint) -> None:
    """Load it as a voice."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_bytes(checkpoint.config)
        (Path(folder) / "model.safetensors").write_bytes(checkpoint.weights)
        lv2.load(folder)


def _other_header(rng: random.Random, header: dict) -> object:
    """A header in which one tensor has another type, shape, place or name."""
    name = rng.choice([name for name in header if name != "__metadata__"])
    entry = dict(header[name])
    start, end = entry["data_offsets"]
    match rng.randrange(6):
        case 0:
            entry["dtype"] = rng.choice(_DTYPES)
        case 1:
            entry["shape"] = rng.choice(
                ([], [-1], [0], [2**62, 4], entry["shape"][::-1], [*entry["shape"], 1])
            )
        case 2:
            entry["data_offsets"] = rng.choice(
                ([end, start], [start, end + 4], [start + 4, end], [-4, 0], [0, 2**63], [0, 0])
            )
        case 3:
            return {key: value for key, value in header.items() if key != name}
        case 4:
            return {**header, f"{name}.more": entry, "__metadata__": odd_value(rng)}
        case 5:
            return mutated_tree(rng, header)
    if rng.random() < 0.3:  # as many bytes of another type
        entry["dtype"], entry["shape"] = rng.choice(
            (("I32", entry["shape"]), ("U8", [end - start]))
        )
    return {**header, name: entry}


def _split(weights: bytes) -> tuple[bytes, bytes]:
    end = 8 + int.from_bytes(weights[:8], "little")
    return weights[8:end], weights[end:]


def _joined(header: bytes, values: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + values


@functools.cache
def _files() -> tuple[bytes, bytes]:
    folder = data_path("voices", "lark")
    return (folder / "config.json").read_bytes(), (folder / "model.safetensors").read_bytes()
