"""What the simulator gave for a voice under a plan, where data/simulator/ keeps it."""

from lightning_v2.deployment.agreement import Agreement, agreement_name, load_agreement
from lightning_v2.errors import MissingFileError
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice


def stored_agreement(voice: Voice, plan: Plan | str, arch: str = "wormhole_b0") -> Agreement | None:
    """The record of this voice, its weights and this plan; None where there is none.

    Args:
        voice: from `lightning_v2.load`.
        plan: a plan, or the name or path of one.
        arch: "wormhole_b0" or "blackhole".

    Raises:
        PlanError: the plan does not parse.
    """
    plan = Plan.of(plan)
    try:
        found = load_agreement(agreement_name(voice.name, plan.name, arch))
    except MissingFileError:
        return None
    known = found.provenance
    mine = plan.digest, for_voice(plan, voice_sites(voice)).digest
    same = known["voice"]["digest"] == voice.digest and known["plan"]["digest"] in mine
    return found if same else None
