"""Plans that differ in the arithmetic of the phase alone.

A voice sums its phase at sites of the operation "phase", in integers, or in floats: then at those
whose role is "phase".
"""

from collections.abc import Sequence

from lightning_v2.precision.edit import EditError, with_rule
from lightning_v2.precision.plan import Plan
from lightning_v2.tensix.numbers.sites import Site

_WORDS = {"uint32": "exact phase", "float32": "float32 phase", "bfloat16": "bfloat16 phase"}


def with_phase(plan: Plan, output: str, sites: Sequence[Site]) -> Plan:
    """A plan whose phase is summed in a format: uint32 (exact integers), float32 or bfloat16.

    A voice whose phase is a float has it in float32 where integers are asked for.

    Raises:
        EditError: another format, or no site sums a phase.
    """
    if output not in _WORDS:
        raise EditError(f"output is {output!r}; legal are {', '.join(map(repr, _WORDS))}")
    name = f"{plan.name} with {_WORDS[output]}"
    floating = "float32" if output == "uint32" else output
    found = phase_sites(sites)
    integers = [site.name for site in found if site.op == "phase"]
    floats = [site.name for site in found if site.op != "phase"]
    for names, fields in (
        (integers, {"output": output}),
        (floats, {"activations": floating, "output": floating}),
    ):
        plan = with_rule(plan, names, fields, name) if names else plan
    return plan


def with_other_phase(plan: Plan, sites: Sequence[Site]) -> Plan:
    """A plan whose phase is exact where it was rounded, and bfloat16 where it was exact.

    Raises:
        EditError: no site sums a phase.
    """
    pairs = ((plan.for_site(site).output, site.op) for site in phase_sites(sites))
    exact = all(output == ("uint32" if op == "phase" else "float32") for output, op in pairs)
    return with_phase(plan, "bfloat16" if exact else "uint32", sites)


def other_phases(plan: Plan, sites: Sequence[Site]) -> tuple[Plan, ...]:
    """`with_other_phase`; none for a voice that sums no phase."""
    return (with_other_phase(plan, sites),) if sums_phase(sites) else ()


def sums_phase(sites: Sequence[Site]) -> bool:
    """Whether any site does."""
    return any("phase" in (site.op, site.role) for site in sites)


def phase_sites(sites: Sequence[Site]) -> list[Site]:
    """Those that sum a phase.

    Raises:
        EditError: there is none.
    """
    if not sums_phase(sites):
        raise EditError(f"none of {len(sites)} sites sums a phase")
    return [site for site in sites if "phase" in (site.op, site.role)]
