"""Plans made by a program: one precision a site, sites in groups, a group turned low."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase

import yaml

from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan
from lightning_v2.precision.reader import nearest
from lightning_v2.tensix.numbers.sites import Site, SitePrecision, is_legal

_FIELDS = tuple(field.name for field in fields(SitePrecision))


@dataclass(frozen=True)
class Move:
    """A group of sites that is turned low. `fields` are those of a plan, as sorted pairs.

    group: a name for people. sites: names.
    """

    group: str
    sites: tuple[str, ...]
    fields: tuple[tuple[str, object], ...]

    @classmethod
    def of(cls, group: str, sites: Sequence[Site], low: Mapping[str, object]) -> Move:
        return cls(group, tuple(site.name for site in sites), tuple(sorted(low.items())))

    @property
    def name(self) -> str:
        return f"{self.group}: {', '.join(str(value) for _, value in self.fields)}"


Precisions = dict[str, SitePrecision]
"""Site -> how it runs, in the order of execution."""


def precisions_of(plan: Plan, sites: Sequence[Site]) -> Precisions:
    """What a plan says of every site."""
    return {site.name: plan.for_site(site) for site in sites}


def applied(precisions: Precisions, moves: Sequence[Move]) -> Precisions:
    """Precisions after moves; of two that set the same field of a site the later one wins."""
    result = dict(precisions)
    for move in moves:
        for site in move.sites:
            result[site] = replace(result[site], **dict(move.fields))
    return result


def plan_of(precisions: Precisions, name: str = "", description: str = "") -> Plan:
    """A plan that says just that. The same precisions make the same rules, so that their results
    are found again."""
    common = _most_common(precisions)
    groups: dict[SitePrecision, list[str]] = {}
    for site, precision in precisions.items():
        groups.setdefault(precision, []).append(site)
    rules = [
        {"sites": globs_of(members, precisions), **_differences(precision, common)}
        for precision, members in groups.items()
        if precision != common
    ]
    content = {"default": _differences(common, SitePrecision()), "rules": rules}
    head = {"name": name, "description": description}
    head = {key: text for key, text in head.items() if text}
    return Plan.parse(yaml.safe_dump({**head, **content}, sort_keys=False))


def groups(
    sites: Sequence[Site], low: Mapping[str, object], globs: Sequence[str] | None = None
) -> dict[str, list[Site]]:
    """Sites that `low` makes a difference to, by themselves or by glob.

    Args:
        sites: of a voice.
        low: fields of a plan.
        globs: one group each; a site belongs to the first that matches. None: each site is one.

    Raises:
        ArgumentError: a field or value that plans do not have, or a glob that matches nothing.
    """
    for field, value in low.items():
        if field not in _FIELDS:
            near = nearest(field, _FIELDS)
            raise ArgumentError(f"unknown field {field!r}; did you mean {near!r}?")
        if not is_legal(field, value):
            raise ArgumentError(f"{field} cannot be {value!r}")
    affected = [site for site in sites if any(matters(field, site) for field in low)]
    if globs is None:
        return {site.name: [site] for site in affected}
    found: dict[str, list[Site]] = {glob: [] for glob in globs}
    for site in affected:
        first = next((glob for glob in globs if fnmatchcase(site.name, glob)), None)
        if first is not None:
            found[first].append(site)
    for glob, members in found.items():
        if not members:
            near = nearest(glob, [site.name for site in affected])
            raise ArgumentError(
                f"{glob!r} matches no site to which {', '.join(low)} makes a difference and that "
                f"no glob before it has matched; did you mean {near!r}?"
            )
    return found


def matters(field: str, site: Site) -> bool:
    """Whether a field can change a bit of a site."""
    if site.op == "phase":
        return field == "output"
    if field in ("weights", "weights_rounding"):
        return site.weights > 0
    if field in ("activations", "output", "math_approx_mode"):
        return True
    if field == "in0_block_w":
        return site.macs > 0 and site.op != "conv1d"
    return site.macs > 0 or site.op.endswith(("norm", "softmax"))


def globs_of(members: Sequence[str], sites: Mapping[str, object]) -> list[str]:
    """Globs that match these sites and no others: numbers become stars where all of them belong."""
    wanted, result = set(members), {}
    for name in members:
        glob = re.sub(r"\.\d+(?=\.|$)", ".*", name)
        matched = {site for site in sites if fnmatchcase(site, glob)}
        result[glob if matched <= wanted else name] = None
    return list(result)


def _most_common(precisions: Precisions) -> SitePrecision:
    """A default that rules can undo: a width of blocks, or an integer result, they could not."""
    counts = Counter(
        replace(p, in0_block_w=None) for p in precisions.values() if p.output != "uint32"
    )
    return counts.most_common(1)[0][0] if counts else SitePrecision()


def _differences(precision: SitePrecision, other: SitePrecision) -> dict[str, object]:
    pairs = ((name, getattr(precision, name), getattr(other, name)) for name in _FIELDS)
    return {name: value for name, value, default in pairs if value != default}
