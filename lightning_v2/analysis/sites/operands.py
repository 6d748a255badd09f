"""What a site of the voice really multiplies: its operands in one sentence, in float32."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.single_calls import SingleCalls
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Voice
from lightning_v2.precision import voice_sites
from lightning_v2.tensix import Site, SiteCall, SitePrecision
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.rounding import Rounding


@dataclass(frozen=True, eq=False)
class Operands:
    """A product with a constant matrix. T rows, K values in a sum, N columns.

    Attributes:
        site: whose they are.
        text: that was said.
        in0: activations (T, K), float32, not yet stored in any format.
        in1: weights (K, N), float32.
    """

    site: str
    text: str
    in0: Tensor
    in1: Tensor

    @property
    def source(self) -> str:
        """Words for a caption."""
        return f"Operands of {self.site} in “{self.text}”, computed by PyTorch in float32"

    def stored(self, precision: SitePrecision) -> tuple[tensix.Tensor, tensix.Tensor]:
        """Both as the device stores them: activations cast by the device, weights packed by the
        host after the rounding that the precision asks for."""
        in0 = tensix.typecast(tensix.from_torch(self.in0, "float32"), precision.activations)
        rounded = Rounding.of(precision)(self.in1)
        return in0, tensix.from_torch(rounded, precision.weights)

    def block(self, row: int, number: int) -> np.ndarray:
        """The 16 neighbouring activations (16,) of a row that share an exponent in block floats.

        Raises:
            ArgumentError: there is no such row or block.
        """
        rows, blocks = self.in0.shape[0], self.in0.shape[1] // 16
        for name, value, count in (("row", row, rows), ("block", number, blocks)):
            if not 0 <= value < count:
                raise ArgumentError(f"{name} is {value}; legal are 0 to {count - 1} at {self.site}")
        return self.in0[row, 16 * number : 16 * (number + 1)].numpy()


def product_of(voice: Voice, preferred: str) -> str:
    """A site that `operands` takes: the preferred one, or where a voice has none of this name the
    one with the longest sums.

    Raises:
        ArgumentError: the voice has no product with a constant matrix.
    """
    products = _products(voice)
    if preferred in (site.name for site in products):
        return preferred
    if not products:
        raise ArgumentError(f"voice {voice.name!r} has no product with a constant matrix")
    return max(products, key=lambda site: (site.shapes[0][-1], site.macs)).name


def _products(voice: Voice) -> list[Site]:
    """Those whose constant is the right operand, as the device has it."""
    calls = SingleCalls(voice.model)
    products = (s for s in voice_sites(voice) if s.op in ("linear", "matmul") and s.weights)
    return [s for s in products if not s.has_left_constant and not calls.reorders(s.name)]


def operands(voice: Voice, text: str, site: str, seed: int = 0) -> Operands:
    """The operands of one linear layer or transform while the voice says a text.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        site: name of a product with a constant matrix, such as `decoder.blocks.2.up`.
        seed: of the noise.

    Raises:
        ArgumentError: no such site, or one that is not a plain product with a constant matrix.
    """
    legal = [found.name for found in _products(voice)]
    if site not in legal:
        raise ArgumentError(f"site is {site!r}; legal are {', '.join(legal) or 'none'}")
    constants = Constants(voice.model)
    found: dict[str, Tensor] = {}

    def observe(call: SiteCall) -> None:
        if call.site != site:
            return
        x, matrix = call.args[:2]
        if constants.owner(matrix) is None:
            raise ArgumentError(f"site is {site!r}, whose second operand is not constant")
        found["in0"] = x.detach().reshape(-1, x.shape[-1]).clone()
        found["in1"] = (matrix.t() if call.op == "linear" else matrix).detach().contiguous().clone()

    with tensix.intercept(voice.model, lambda site: None, observer=observe):
        voice.synthesize(text, seed=seed)
    with torch.inference_mode(False):
        return Operands(site, text, found["in0"].clone(), found["in1"].clone())
