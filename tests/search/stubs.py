"""A voice of a few linear sites, and a bench that knows what each loses."""

import math
from dataclasses import dataclass, field

import pandas as pd

from lightning_v2.precision import Plan
from lightning_v2.precision.moves import precisions_of
from lightning_v2.tensix.numbers.sites import Site

BASE = Plan.parse("default: {math_fidelity: HiFi4, fp32_dest_acc_en: true}")


def linear(name, k=64, n=64, m=256):
    return Site(name, "linear", m * k * n, k * n, n, 1, ((1, m, k), (n, k), (n,), (1, m, n)))


@dataclass
class StubBench:
    """`measure` adds up `lost` (site, value) -> loss over the sites of a plan, and calls `extra`
    with the names of all low sites."""

    sites: tuple
    lost: dict
    extra: object = None
    metric: str = "loss"
    voice: str = "lark"
    calls: list = field(default_factory=list)
    adapted: set = field(default_factory=set)

    def measure(self, plans):
        self.calls.append(len(plans))
        self.adapted |= {plan.adapted for plan in plans}
        found = [self.loss(plan) for plan in plans]
        return pd.DataFrame({"loss": found, "score": found})

    def loss(self, plan):
        values = [
            (name, value)
            for name, precision in precisions_of(plan, self.sites).items()
            for value in (precision.math_fidelity, precision.weights)
        ]
        low = frozenset(name for name, value in values if value in ("LoFi", "bfloat4_b"))
        known = math.fsum(self.lost.get(pair, 0.0) for pair in values)
        return known + (self.extra(low) if self.extra else 0.0)
