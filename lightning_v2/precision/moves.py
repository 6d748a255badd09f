"""Sites turned low by the hundred, on what a plan says of each of them.

The same precisions always make the same plan (`plan_of`), so that its results are found again.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import yaml

from lightning_v2.precision import Plan
from lightning_v2.precision.edit import EditError, check_value, matters
from lightning_v2.precision.fit import globs_of
from lightning_v2.precision.reader import nearest
from lightning_v2.tensix.numbers.sites import Site, SitePrecision

_ALL_FIELDS = tuple(field.name for field in dataclasses.fields(SitePrecision))


@dataclass(frozen=True)
class Move:
    """A group of sites that is turned low. `fields` are those of a plan, as sorted pairs.

    Attributes:
        group: a name for people.
        sites: names.
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


def plan_of(
    precisions: Precisions, name: str = "", description: str = "", adapted: str = ""
) -> Plan:
    """A plan that says just that, of a voice that speaks with the weights `adapted`. The same
    precisions make the same rules, so that their results are found again."""
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
    head = {"name": name, "description": description, "adapted": adapted}
    head = {key: text for key, text in head.items() if text}
    return Plan.parse(yaml.safe_dump({**head, **content}, sort_keys=False))


def groups(
    sites: Sequence[Site],
    low: Mapping[str, object],
    globs: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> dict[str, list[Site]]:
    """Sites that `low` makes a difference to, by themselves or by glob.

    Args:
        sites: of a voice.
        low: fields of a plan.
        globs: one group each, or the name of a group -> its globs; a site belongs to the first
            that matches. None: each site is one.

    Raises:
        EditError: a field or value that plans do not have, or a glob that matches nothing.
    """
    for field, value in low.items():
        if field not in _ALL_FIELDS:
            near = nearest(field, _ALL_FIELDS)
            raise EditError(f"unknown field {field!r}; did you mean {near!r}?")
        check_value(field, value)
    affected = [site for site in sites if any(matters(field, site) for field in low)]
    if globs is None:
        return {site.name: [site] for site in affected}
    several = globs if isinstance(globs, Mapping) else {glob: (glob,) for glob in globs}
    members_of: dict[str, list[Site]] = {name: [] for name in several}
    for site in affected:
        matching = (n for n, own in several.items() if any(fnmatchcase(site.name, g) for g in own))
        first = next(matching, None)
        if first is not None:
            members_of[first].append(site)
    for glob, members in members_of.items():
        if not members:
            near = nearest(glob, [site.name for site in affected])
            raise EditError(
                f"{glob!r} matches no site to which {', '.join(low)} makes a difference and that "
                f"no glob before it has matched; did you mean {near!r}?"
            )
    return members_of


def _most_common(precisions: Precisions) -> SitePrecision:
    """A default that rules can undo: a width of blocks, or an integer result, they could not."""
    counts = Counter(
        replace(p, in0_block_w=None) for p in precisions.values() if p.output != "uint32"
    )
    return counts.most_common(1)[0][0] if counts else SitePrecision()


def _differences(precision: SitePrecision, other: SitePrecision) -> dict[str, object]:
    pairs = ((name, getattr(precision, name), getattr(other, name)) for name in _ALL_FIELDS)
    return {name: value for name, value, default in pairs if value != default}
