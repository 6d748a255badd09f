"""The same plan with one site changed: what the phase accumulator alone decides."""

from dataclasses import replace

from lightning_v2.precision import Plan, Rule

PHASE_SITE = "source.phase"


def with_other_phase(plan: Plan) -> Plan:
    """A plan whose phase is exact where it was rounded, and bfloat16 where it was exact."""
    exact = plan.for_site(PHASE_SITE).output == "uint32"
    output, words = ("bfloat16", "bfloat16 phase") if exact else ("uint32", "exact phase")
    rule = Rule((PHASE_SITE,), {"output": output}, (1,))
    return replace(plan, name=f"{plan.name} with {words}", rules=(*plan.rules, rule))
