"""Which sites of the natural voice have one program, where formats allow: those of its lowering."""

from torch import nn

from lightning_v2.model.natural.layers import Block, Blocks, Layer
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.prosody import Encoder

_SUMS = {
    "add": "mul_2",
    "add_1": "mul_3",
    "sub": "mul_4",
    "add_2": "mul_5",
    "add_3": "mul_6",
    "add_4": "mul_7",
}
"""Of the spectrum: sum -> the product that it takes."""


def together(network: nn.Module) -> dict[str, str]:
    """Site -> the site before it whose result it alone takes."""
    if not isinstance(network, NaturalNetwork):
        return {}
    found = {"duration.gelu": "duration.input"}
    for path, module in network.named_modules():
        if isinstance(module, Block | Layer):
            found[f"{path}.gelu"] = f"{path}.up"
        if isinstance(module, Encoder):
            found[f"{path}.norm"] = f"{path}.layers.{len(module.layers) - 1}.add"
    spectrum = "vocoder.spectrum"
    return found | {f"{spectrum}.{x}": f"{spectrum}.{product}" for x, product in _SUMS.items()}


def masked(network: nn.Module) -> frozenset[str]:
    """Residual sums that a convolution follows, and so have a mask in their program."""
    stacks = ((path, m) for path, m in network.named_modules() if isinstance(m, Blocks))
    return frozenset(f"{path}.{i}.add" for path, m in stacks for i in range(len(m) - 1))
