"""Whether the network of a voice still is what its lowering describes."""

import functools

from torch import nn

from lightning_v2.errors import ArgumentError
from lightning_v2.model.checkpoint import without_values
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork


def refuse_edited(network: nn.Module, config: NaturalConfig) -> None:
    """Raise if something else than weights was changed: no lowering knows of it.

    Raises:
        ArgumentError: a module was replaced, added or taken away, has hooks or its own
            forward.
    """
    kinds = _kinds(config)
    present = dict(network.named_modules())
    for path in kinds.keys() | present.keys():
        module = present.get(path)
        if kinds.get(path) is not type(module):
            change = "was replaced, added or taken away"
        elif module._forward_hooks or module._forward_pre_hooks:
            change = "has hooks"
        elif "forward" in vars(module):
            change = "has a forward of its own"
        else:
            continue
        raise ArgumentError(
            f"{path or 'the network'} {change}: this network is not the one that is written out "
            "as device operations. Give the network by itself, voice.model, whose torch calls are "
            "then intercepted as they are made"
        )


@functools.cache
def _kinds(config: NaturalConfig) -> dict[str, type[nn.Module]]:
    with without_values():
        network = NaturalNetwork(config)
    return {path: type(module) for path, module in network.named_modules()}
