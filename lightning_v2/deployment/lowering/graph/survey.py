"""Which nodes of a voice a device can run, and why not the others."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lightning_v2.deployment.lowering.graph.network import lowered, operands
from lightning_v2.deployment.lowering.graph.parts import Step, parts
from lightning_v2.deployment.lowering.graph.runner import GraphRunner, padded
from lightning_v2.deployment.lowering.graph.shapes import META, ShapeOps, shape_store
from lightning_v2.deployment.lowering.graph.value import Groups, Refusal, Value
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.tensix.numbers.sites import Site, SitePrecision

TEXTS = "Yes.", "Good morning to you."
"""What is said to see shapes: an axis whose length differs is as long as the sentence."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A node that cannot run on the device.

    Attributes:
        node: its name in the file.
        site: its name in a plan; "" for a node that computes nothing.
        op: ONNX operation.
        reason: in words.
    """

    node: str
    site: str
    op: str
    reason: str


@dataclass(frozen=True)
class Survey:
    """What of a graph a device can run.

    Attributes:
        nodes: of the graph.
        on_device: how many of them a device would have to run.
        sites: how many compute.
        host_sites: how many of them the host runs, because nothing that the device makes is needed.
        refused: nodes that the device cannot run.
        macs, lowered_macs: multiply-adds of all sites in a sentence, and of those on the device.
    """

    nodes: int
    on_device: int
    sites: int
    host_sites: int
    refused: tuple[Refused, ...]
    macs: int
    lowered_macs: int

    @property
    def lowered_sites(self) -> int:
        """How many sites the device can run."""
        return self.sites - self.host_sites - sum(1 for row in self.refused if row.site)

    def __str__(self) -> str:
        kept, macs = self.lowered_sites, self.lowered_macs / max(self.macs, 1)
        share = kept / max(self.sites, 1)
        moves = sum(1 for row in self.refused if not row.site)
        return (
            f"{kept} of {self.sites} sites can run there ({share:.1%}), with {macs:.1%} of the "
            f"multiply-adds; {len(self.refused) - moves} sites and {moves} moves cannot, "
            f"{self.host_sites} sites stay on the host"
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "nodes": self.nodes,
            "on_device": self.on_device,
            "sites": self.sites,
            "host_sites": self.host_sites,
            "lowered_sites": self.lowered_sites,
            "macs": self.macs,
            "lowered_macs": self.lowered_macs,
            "refused": [
                {"node": row.node, "site": row.site, "op": row.op, "reason": row.reason}
                for row in self.refused
            ],
        }


def survey(voice: OnnxVoice, sites: Collection[Site], runner: GraphRunner) -> Survey:
    """Every node that a device would have to run, tried alone.

    What comes before it is taken to have run. With the shapes of `shape_runner` nothing but the
    lowering is tried; with a mock device also what ttnn says.

    Args:
        sites: of the voice, with their multiply-adds.
        runner: where nodes are tried.
    """
    network = voice.model
    short, long = (_values(voice, text) for text in TEXTS)
    cut = parts(network)
    values: dict[str, Tensor | Value] = {
        name: _laid_out(x, long[name]) if name in cut.on_device else x for name, x in short.items()
    }
    known: dict[str, str | None] = {}
    refused = []
    for step in cut.steps:
        if not step.on_device:
            continue
        key = _signature(step, values)
        if key not in known:
            known[key] = _tried(runner, step, values)
        if known[key] is not None:
            site = step.name if step.is_site else ""
            refused.append(Refused(step.node.name, site, step.node.op, known[key]))
    at_home = {step.name for step in cut.steps if step.is_site and not step.on_device}
    gone = at_home | {row.site for row in refused if row.site}
    lost = sum(site.macs for site in sites if _node_of(site.name, network) in gone)
    macs = sum(site.macs for site in sites)
    on_device = sum(step.on_device for step in cut.steps)
    count = len(network.kinds) + sum(1 for site in sites if _node_of(site.name, network) is None)
    lowered_macs = macs - lost
    return Survey(
        len(cut.steps), on_device, count, len(at_home), tuple(refused), macs, lowered_macs
    )


def shape_runner(policy: Callable[[str], SitePrecision]) -> GraphRunner:
    """Where nothing but shapes is known. policy: as of `GraphRunner`."""
    return GraphRunner(ShapeOps(), policy, store=shape_store)


def _values(voice: OnnxVoice, text: str) -> dict[str, Tensor]:
    """All values of the graph of a voice that says a text."""
    network, line = voice.model, voice.frontend.lines(text)[0]
    inputs = {name: torch.from_numpy(value) for name, value in line.inputs.items()}
    with torch.inference_mode():
        made = [name for node in network.graph.nodes for name in node.outputs if name]
        found = network(inputs, also=made)
    constants = network.graph.constants
    fixed = {n: torch.from_numpy(x.copy()) for n, x in constants.items() if x.dtype.kind != "f"}
    return {**fixed, **inputs, **found}


def _laid_out(x: Tensor, other: Tensor) -> Value:
    """The shape of a value of the device; where `other` has another length, it is padded."""
    shape = tuple(x.shape)
    varies = [a for a, (m, n) in enumerate(zip(shape, other.shape, strict=True)) if m != n]
    sizes = [padded(max(n, 1)) if axis in varies else n for axis, n in enumerate(shape)]
    order = list(range(len(shape)))
    if len(shape) == 3 and varies == [2]:
        order = [0, 2, 1]
    groups: Groups = tuple((axis,) for axis in order)
    groups = ((),) * (2 - len(groups)) + groups
    stored = [sizes[group[0]] if group else 1 for group in groups]
    return Value(torch.empty(stored, device=META), shape, groups, "bfloat16")


def _tried(runner: GraphRunner, step: Step, values: dict[str, Tensor | Value]) -> str | None:
    """Why a node cannot run, None if it can."""
    ops = runner.ops
    runner.send = lambda name, upload: ops.from_torch(upload.values, upload.dtype)
    try:
        with torch.inference_mode():
            arguments = [
                replace(x, tensor=ops.from_torch(torch.zeros(x.tensor.shape), x.dtype))
                if isinstance(x, Value)
                else x
                for x in operands(step, values)
            ]
            lowered(runner, step, arguments)
    except Refusal as refusal:
        return str(refusal)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return "ttnn: " + " ".join(str(error).split("info:")[-1].split("backtrace:")[0].split())
    return None


def _signature(step: Step, values: dict[str, Tensor | Value]) -> str:
    """What decides whether a node can run."""

    def told(x: object) -> Any:
        if isinstance(x, Value):
            return [list(x.shape), list(map(int, x.tensor.shape)), x.groups]
        if isinstance(x, Tensor):
            exact = not x.is_floating_point() and x.numel() < 64
            return [type(x).__name__, list(x.shape), x.tolist() if exact else None]
        return x

    given = [told(x) for x in operands(step, values)]
    return json.dumps([step.node.op, step.is_site, step.node.attributes, given], default=str)


def _node_of(site: str, network: OnnxNetwork) -> str | None:
    """The site of the graph that a traced site is, or is a part of."""
    while site and site not in network.kinds:
        site = site.rpartition(".")[0]
    return site or None
