"""Which networks of voices are written out as device operations."""

from torch import nn

from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets
from lightning_v2.deployment.lowering.natural.lowering import NaturalLowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.natural.choices import MADE
from lightning_v2.model.natural.network import NaturalNetwork


def has_lowering(model: nn.Module) -> bool:
    """Whether the network is written out as device operations; others run by interception."""
    return isinstance(model, NaturalNetwork) and model.choices == MADE


def lowering_of(
    network: NaturalNetwork, runner: Runner, buckets: Buckets = EXACT_LENGTHS
) -> NaturalLowering:
    """The device operations of a network that has a lowering."""
    return NaturalLowering(network, runner, buckets)
