"""The same plan with one site changed: what the phase accumulator alone decides."""

from dataclasses import replace

from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan, Rule

PHASE_SITE = "source.phase"

_WORDS = {"uint32": "exact phase", "float32": "float32 phase", "bfloat16": "bfloat16 phase"}


def with_phase(plan: Plan, output: str) -> Plan:
    """A plan whose phase is summed in a format: uint32 (exact integers), float32 or bfloat16.

    Raises:
        ArgumentError: another format.
    """
    if output not in _WORDS:
        raise ArgumentError(f"output is {output!r}; legal are {', '.join(map(repr, _WORDS))}")
    rule = Rule((PHASE_SITE,), {"output": output}, (1,))
    return replace(plan, name=f"{plan.name} with {_WORDS[output]}", rules=(*plan.rules, rule))


def with_other_phase(plan: Plan) -> Plan:
    """A plan whose phase is exact where it was rounded, and bfloat16 where it was exact."""
    exact = plan.for_site(PHASE_SITE).output == "uint32"
    return with_phase(plan, "bfloat16" if exact else "uint32")
