"""What a plan covers: known as soon as it is chosen, nothing has to be said for it."""

from functools import lru_cache

from lightning_v2.precision import Coverage, Plan
from widgets.explorer.explorer_state import State

SHARES = (
    ("LoFi", "math_fidelity", "LoFi"),
    ("bfloat8_b weights", "weights", "bfloat8_b"),
    ("bfloat4_b weights", "weights", "bfloat4_b"),
)
KINDS = ("sites", "macs", "weight_bytes")


def facts(state: State) -> dict:
    """Shares and bytes of weights of a plan, beside those of its base and of bf16.

    Counted for the pangram that `Plan.coverage` counts.
    """
    now, base, bf16 = (_of(state, plan) for plan in (state.plan, state.base, Plan.load("bf16")))
    return {
        "key": state.key,
        "name": state.plan.name,
        "base": state.base.name,
        "changed": len({site for site, _, _ in state.changes}),
        "shares": [
            {"label": label, "now": now["shares"][at], "base": base["shares"][at]}
            for at, (label, _, _) in enumerate(SHARES)
        ],
        "megabytes": [one["megabytes"] for one in (now, base, bf16)],
        "yaml": state.plan.to_yaml(),
    }


def _of(state: State, plan: Plan) -> dict:
    return _counted(_Plan(plan), tuple(state.sites))


class _Plan:
    """A plan that is the same as another one that says the same."""

    def __init__(self, plan: Plan):
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Plan) and self.plan.digest == other.plan.digest

    def __hash__(self) -> int:
        return hash(self.plan.digest)


@lru_cache(maxsize=64)
def _counted(key: _Plan, sites: tuple) -> dict:
    coverage = Coverage(key.plan, sites)
    return {
        "shares": [
            [coverage.share(field, value, of=kind) for kind in KINDS] for _, field, value in SHARES
        ],
        "megabytes": coverage.weight_bytes / 1e6,
    }
