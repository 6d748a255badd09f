"""Names of sites: short, dotted, and the same whenever a file is read."""

import re
from collections import Counter
from collections.abc import Iterable

from torch import nn

from lightning_v2.onnx.graph import Node

_SHORT = {"LayerNormalization": "layer_norm", "InstanceNormalization": "instance_norm"}
_SHORT |= {"BatchNormalization": "batch_norm", "GroupNormalization": "group_norm"}


def site_names(nodes: Iterable[Node]) -> dict[str, str]:
    """First output of each node -> its name.

    A node is named after the module that made it (`dec.resblocks.0.convs.1`) where it is the only
    one there, else after the module and its operation (`dec.add_1`).
    """
    found = [(node, *_split(node)) for node in nodes]
    modules = Counter(module for _, module, _ in found)
    taken = {prefix for _, module, _ in found for prefix in _prefixes(module)}
    names: dict[str, str] = {}
    used: Counter = Counter()
    for node, module, own in found:
        alone = module and modules[module] == 1 and module not in taken
        name = ".".join(module) if alone else ".".join([*module, own])
        used[name] += 1
        names[node.output] = name if used[name] == 1 else f"{name}_{used[name] - 1}"
    return _without_overlaps(names)


def _split(node: Node) -> tuple[tuple[str, ...], str]:
    """The module that a node stands in, and a name of its own there."""
    name = node.name
    if "/" not in name and "/" in node.output:
        name = re.sub(r"_output_\d+$", "", node.output)
    parts = [part for part in re.split(r"[/.](?!\d+(?=[/.]|$))|/", name) if part] or [node.op]
    pieces = [piece for part in parts for piece in part.split(".")]
    *module, last = map(_legal, pieces)
    op = node.op.rpartition(".")[2]
    match = re.match(rf"(?i){op}(?:_(\d+))?(?:$|_)", last)
    own = _SHORT.get(op, _snake(op))
    if match:
        return tuple(module), f"{own}_{match[1]}" if match[1] else own
    return tuple(module), last.lower()


def _legal(piece: str) -> str:
    """A piece as a module may be called."""
    piece = re.sub(r"\W", "_", piece.replace("::", "_")).strip("_") or "_"
    return f"{piece}_" if hasattr(nn.Module, piece) or piece == "training" else piece


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()


def _prefixes(module: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [module[:i] for i in range(1, len(module))]


def _without_overlaps(names: dict[str, str]) -> dict[str, str]:
    """No site may be the module of another one."""
    folders = {
        ".".join(parts[:i])
        for parts in (name.split(".") for name in names.values())
        for i in range(1, len(parts))
    }
    taken = folders | {*names.values()}
    moved = {}
    for output, name in names.items():
        moved[output] = name
        if name in folders:
            new = f"{name}.{name.rpartition('.')[2]}"
            while new in taken:
                new += "_"
            taken.add(new)
            moved[output] = new
    return moved
