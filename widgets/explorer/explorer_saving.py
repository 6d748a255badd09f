"""What has to be asked before a plan is saved from a page."""

from pathlib import Path


def before_saving(place: Path) -> dict[str, str] | None:
    """What has to be answered before a plan is written there, and the words of a yes."""
    folder = Path.cwd()
    reasons = []
    if not place.resolve().is_relative_to(folder.resolve()):
        reasons.append(f"It lies outside the working folder {folder}.")
    if place.exists():
        reasons.append("It is there already, and would be replaced.")
    if not reasons:
        return None
    yes = "Replace it" if place.exists() else "Write it there"
    return {"words": f"Save the plan as {place}? {' '.join(reasons)}", "yes": yes}
