"""The sites of a module, with what they multiply and hold, from one run in float32."""

from collections.abc import Callable

from torch import nn

from lightning_v2.tensix.intercept import operations
from lightning_v2.tensix.intercept.interception import intercept
from lightning_v2.tensix.intercept.module_frames import role_of
from lightning_v2.tensix.intercept.nested import leaves, tensors
from lightning_v2.tensix.numbers.sites import Site, SiteCall


def trace(module: nn.Module, run: Callable[[], object]) -> list[Site]:
    """The sites of `module` in one call of `run`, in the order of their first call, in float32."""
    counts: dict[str, Site] = {}

    def observe(made: SiteCall) -> None:
        name, result, seen = made.site, made.result, counts.get(made.site)
        call = operations.resolve(made.function)
        (args, kwargs), _ = call.plain_arguments(made.args, made.kwargs)
        operands = tensors((args, kwargs))
        macs = 0
        if call.operation.macs and all(x.numel() for x in operands):
            macs = call.operation.macs(list(leaves((args, kwargs))), result)
        if seen is not None:
            total = (seen.macs + macs, seen.weights, seen.vectors, seen.calls + 1)
            counts[name] = Site(name, made.op, *total, seen.shapes, seen.role)
            return
        constants = [t for t in operands if interception.constants.owner(t) is not None]
        is_matrix = call.operation.engine == "matrix"
        weights = sum(t.numel() for t in constants if is_matrix and t.dim() > 1)
        vectors = sum(t.numel() for t in constants) - weights
        shapes = tuple(tuple(t.shape) for t in (*operands, *leaves(result)))
        role = role_of(module, name)
        counts[name] = Site(name, made.op, macs, weights, vectors, 1, shapes, role)

    with intercept(module, lambda site: None, observe) as interception:
        run()
    return list(counts.values())
