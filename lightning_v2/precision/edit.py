"""Changes to single sites of a plan, written as rules after its own."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import yaml

from lightning_v2.errors import LightningError
from lightning_v2.files import write_output
from lightning_v2.precision import Plan, Rule
from lightning_v2.precision.mixtures import globs_of, matters
from lightning_v2.tensix.intercept.operations import outputs
from lightning_v2.tensix.numbers.sites import FIDELITIES, LEGAL, Site, is_legal

FIELDS = (
    "weights",
    "weights_rounding",
    "activations",
    "output",
    "math_fidelity",
    "fp32_dest_acc_en",
)
"""What can be changed site by site."""

Changes = tuple[tuple[str, str, object], ...]
"""(site, field, value), in the order in which sites run."""


class EditError(LightningError, ValueError):
    """A change that no plan can hold."""


def choices(site: Site) -> dict[str, list]:
    """Field -> its legal values, of the fields that make a difference to a site."""
    found = {}
    for field in FIELDS:
        if not matters(field, site):
            continue
        if field == "output":
            found[field] = list(outputs(site.op))
        elif LEGAL[field] is bool:
            found[field] = [True, False]
        else:
            found[field] = list(FIDELITIES if field == "math_fidelity" else LEGAL[field])
    return found


def changed(
    base: Plan,
    changes: Changes,
    names: Iterable[str],
    fields: Mapping[str, object],
    sites: Sequence[Site],
) -> Changes:
    """Changes with those of `fields` at the sites `names` added.

    A field that makes no difference to a site is left alone there; a value that `base` has anyway
    is no change.

    Raises:
        EditError: a site or a field is unknown, or a value is not legal.
    """
    known = {site.name: site for site in sites}
    names = list(names)
    for name in names:
        if name not in known:
            raise EditError(f"there is no site {name!r}")
    for field, value in fields.items():
        if field not in FIELDS:
            raise EditError(f"{field!r} cannot be changed here, only {', '.join(FIELDS)}")
        if not is_legal(field, value):
            raise EditError(f"{field} cannot be {value!r}")
    kept = {(site, field): value for site, field, value in changes}
    for name in names:
        for field, value in fields.items():
            if matters(field, known[name]):
                kept[name, field] = value
    order = {(name, field): None for name in known for field in FIELDS}
    return tuple(
        (site, field, kept[site, field])
        for site, field in order
        if (site, field) in kept and kept[site, field] != getattr(base.for_site(site), field)
    )


def without(changes: Changes, names: Iterable[str]) -> Changes:
    """Changes without those at the sites `names`."""
    names = set(names)
    return tuple(change for change in changes if change[0] not in names)


def plan_of(base: Plan, changes: Changes, sites: Sequence[Site]) -> Plan:
    """`base` with rules for the changes after its own: one for sites that are changed alike."""
    if not changes:
        return base
    by_site: dict[str, dict[str, object]] = {}
    for site, field, value in changes:
        by_site.setdefault(site, {})[field] = value
    groups: dict[tuple, list[str]] = {}
    for site, fields in by_site.items():
        groups.setdefault(tuple(fields.items()), []).append(site)
    names = {site.name: site for site in sites}
    rules = []
    for fields, members in groups.items():
        globs = tuple(globs_of(members, names))
        # They stand in no file: errors about them name no line.
        rules.append(Rule(globs, dict(fields), lines=(0,) * len(globs)))
    # Results are told apart by names of plans, too: two plans must not share one.
    mark = hashlib.sha256(repr((base.digest, changes)).encode()).hexdigest()[:4]
    return Plan(
        name=f"{base.name}-{mark}",
        description=f"{base.name} with {len(by_site)} of its sites changed by hand.",
        default=base.default,
        rules=(*base.rules, *rules),
        source=f"{base.name} with changes",
    )


def differences(first: Plan, second: Plan, sites: Sequence[Site]) -> pd.DataFrame:
    """A row for every site and field in which two plans differ where it matters."""
    rows = []
    for site in sites:
        one, other = first.for_site(site), second.for_site(site)
        for field in choices(site):
            values = getattr(one, field), getattr(other, field)
            if values[0] != values[1]:
                rows.append((site.name, field, *values))
    return pd.DataFrame(rows, columns=["site", "field", "first", "second"])


def save(plan: Plan, path: str | Path) -> Path:
    """Write a plan under the name of its file, as `files.write_output` does; returns the path.

    Raises:
        EditError: the name does not end in .yaml, or its folder is not there.
        OSError: it cannot be written.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix not in (".yaml", ".yml"):
        raise EditError(f"a plan is saved as NAME.yaml, not as {path.name!r}")
    if not path.parent.is_dir():
        raise EditError(f"there is no folder {path.parent}")
    content = yaml.safe_load(plan.to_yaml()) | {"name": path.stem}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    write_output(path, text)
    return path
