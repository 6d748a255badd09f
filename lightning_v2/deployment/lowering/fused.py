"""What a lowering has in one program where the formats of its sites allow: the part of `Runner`
that decides.

Nobody but an observer needs what lies in between: it gets that from a program of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.tensix.intercept.rules.execution import Execution


@dataclass(frozen=True, slots=True)
class Function:
    """`op` of one operand, at `site`, that follows a product: where formats allow, in its program,
    of what stands in Dst."""

    site: str
    op: str


class Fused:
    """Operations of two sites each: one program where formats allow, with last bits of its own."""

    def ended(
        self,
        site: str,
        execution: Execution,
        then: Function,
        plain: Callable[[], DeviceTensor],
        product: Callable[[Any], DeviceTensor],
        view: View,
    ) -> DeviceTensor:
        """`then` of a product at `site`.

        plain: makes the product, and tells the observer. product: makes what a program config says.
        """
        if not self.ends(site, then):
            return self.unary(then.site, then.op, plain(), view)
        before = () if self._observer is None else (plain(),)
        self.sites.setdefault(site, "linear")
        program = execution.ending(then.op, self.precision(then.site))
        y = self._run(then.site, then.op, lambda: product(program))
        return self._seen(then.site, then.op, before, y, (view, view), after=site)

    def ends(self, site: str, then: Function) -> bool:
        """Whether a product at `site` ends in that function."""
        return self.at(site).fuses(then.op, self.precision(then.site))

    def norm_of_sum(
        self,
        add: str,
        x: DeviceTensor,
        y: DeviceTensor,
        site: str,
        layer: nn.LayerNorm,
        view: View,
    ) -> DeviceTensor:
        """The norm at `site` of what `add` makes of x and y, which nobody else needs: where formats
        allow, one program. A stage keeps the norm, not the sum."""
        fuses = self.norms_sum(add, site)
        if not fuses or self._observer is not None:
            total = self.binary(add, "add", x, y, view)
        if not fuses:
            with self.leaving():
                return self.layer_norm(site, total, layer, view)
        self.sites.setdefault(add, "add")
        rows = [self._vector(site, name, getattr(layer, name)) for name in ("weight", "bias")]
        norm = self.at(site).norm_of_sum
        with self.leaving():
            z = self._run(site, "layer_norm", lambda: norm(x, y, *rows, layer.eps))
        rest = (layer.normalized_shape, layer.weight, layer.bias, layer.eps)
        before = () if self._observer is None else (total,)
        views = (view,) * (len(before) + 1)
        return self._seen(site, "layer_norm", before, z, views, rest, after=add)

    def norms_sum(self, add: str, site: str) -> bool:
        """Whether the norm at `site` adds up what `add` would."""
        return self.at(site).norms_sum(self.precision(add))

    def with_product(
        self,
        product: str,
        site: str,
        op: str,
        a: DeviceTensor,
        b: DeviceTensor,
        c: DeviceTensor,
        views: tuple[View, View],
    ) -> DeviceTensor:
        """a + b * c, or a - b * c, as `op` says, the product being a site of its own: where formats
        allow, one program.

        views: of the product, and of the result.
        """
        fuses = self.adds_product(product, site)
        if not fuses or self._observer is not None:
            found = self.binary(product, "mul", b, c, views[0])
        if not fuses:
            return self.binary(site, op, a, found, views[1])
        self.sites.setdefault(product, "mul")
        value = {"add": 1.0, "sub": -1.0}[op]
        y = self._run(site, op, lambda: self.at(site).addcmul(a, b, c, value))
        seen = () if self._observer is None else (a, found)
        return self._seen(site, op, seen, y, (views[1],) * (len(seen) + 1), after=product)

    def adds_product(self, product: str, site: str) -> bool:
        """Whether the sum at `site` multiplies what it takes."""
        return self.is_bfloat16(product) and self.is_bfloat16(site)

    def is_bfloat16(self, site: str) -> bool:
        """Whether a site takes and gives bfloat16."""
        precision = self.precision(site)
        return {precision.activations, precision.output} == {"bfloat16"}

    def residual(
        self, site: str, x: DeviceTensor, y: DeviceTensor, view: View, mask: DeviceTensor | None
    ) -> DeviceTensor:
        """x + y, and, if a mask is given, zero where that is, as x is; where formats allow, one
        program."""
        if mask is None or not self.is_bfloat16(site):
            y = self.binary(site, "add", x, y, view)
            return self.masked(y, mask, self.precision(site).output)
        with self.convolving():
            z = self._run(site, "add", lambda: self.at(site).addcmul(x, y, mask))
        return self._seen(site, "add", (x, y), z, (view, view, view))
