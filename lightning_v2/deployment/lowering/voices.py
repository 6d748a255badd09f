"""Which networks of voices are written out as device operations."""

from torch import nn

from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets
from lightning_v2.deployment.lowering.lowering import Lowering
from lightning_v2.deployment.lowering.natural.lowering import NaturalLowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.network import Network

_LOWERINGS = {Network: Lowering, NaturalNetwork: NaturalLowering}


def has_lowering(model: nn.Module) -> bool:
    """Whether the network is written out as device operations; others run by interception."""
    return isinstance(model, tuple(_LOWERINGS))


def lowering_of(
    network: nn.Module, runner: Runner, buckets: Buckets = EXACT_LENGTHS
) -> Lowering | NaturalLowering:
    """The device operations of a network that has a lowering."""
    kind = next(kind for kind in _LOWERINGS if isinstance(network, kind))
    return _LOWERINGS[kind](network, runner, buckets)
