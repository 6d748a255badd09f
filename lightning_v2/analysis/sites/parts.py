"""The sites of a voice by part, from the front end to the inverse STFT."""

from lightning_v2.model import Voice
from lightning_v2.model.parts import PARTS, Part, part_of_name
from lightning_v2.precision import voice_sites


def parts_of(voice: Voice) -> dict[Part, list[str]]:
    """Part -> names of its sites in the order in which they run, of the parts that there are.

    A voice may tell them (`parts`: site -> part); else the names of modules do, and what no name
    tells is the decoder.

    Args:
        voice: from `lightning_v2.load`.
    """
    told = getattr(voice, "parts", {})
    found: dict[Part, list[str]] = {part: [] for part in PARTS}
    for site in voice_sites(voice):
        part = told.get(site.name) or part_of_name(site.name) or "decoder"
        found[part].append(site.name)
    return {part: sites for part, sites in found.items() if sites}
