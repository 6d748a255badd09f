"""Plans made from plans: rules after those of a base, or what is said of every site written anew.

Changes site by site (`Changes`) and rules for many sites (`with_rule`) keep the base and follow its
rules. Where a program turns sites low by the hundred (`Move`), it works on what a plan says of each
site (`Precisions`), and the same precisions always make the same plan (`plan_of`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
import yaml

from lightning_v2.errors import ArgumentError, LightningWarning
from lightning_v2.files import write_output
from lightning_v2.precision import Plan, Rule
from lightning_v2.precision.reader import nearest
from lightning_v2.tensix.intercept.operations import outputs
from lightning_v2.tensix.numbers.sites import FIDELITIES, LEGAL, Site, SitePrecision, is_legal
from lightning_v2.tensix.ops.unary import UNARY
from lightning_v2.tile import TILE

FIELDS = (
    "weights",
    "weights_rounding",
    "activations",
    "output",
    "math_fidelity",
    "fp32_dest_acc_en",
    "packer_l1_acc",
    "math_approx_mode",
    "in0_block_w",
)
"""What can be changed site by site."""

Changes = tuple[tuple[str, str, object], ...]
"""(site, field, value), in the order in which sites run."""

_ALL_FIELDS = tuple(field.name for field in dataclasses.fields(SitePrecision))


class EditError(ArgumentError):
    """A change that no plan can hold."""


def choices(site: Site) -> dict[str, list]:
    """Field -> its legal values, of the fields that make a difference to a site.

    None among those of `in0_block_w` is ttnn's own choice.
    """
    legal = {}
    for field in FIELDS:
        if not _offered(field, site):
            continue
        if field == "output":
            legal[field] = list(outputs(site.op))
        elif field == "in0_block_w":
            legal[field] = [None, *_block_widths(site)]
        elif LEGAL[field] is bool:
            legal[field] = [True, False]
        else:
            legal[field] = list(FIDELITIES if field == "math_fidelity" else LEGAL[field])
    return legal


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
        EditError: a site or a field is unknown, or a value is not legal. Or a width of blocks that
            the base sets is to be ttnn's choice again: no rule can say so.
    """
    known = {site.name: site for site in sites}
    names = list(names)
    for name in names:
        if name not in known:
            raise EditError(f"there is no site {name!r}")
    for field, value in fields.items():
        if field not in FIELDS:
            raise EditError(f"{field!r} cannot be changed here, only {', '.join(FIELDS)}")
        _check_value(field, value)
    kept = {(site, field): value for site, field, value in changes}
    for name in names:
        for field, value in fields.items():
            if _offered(field, known[name]):
                kept[name, field] = value
                _check_undone(base, name, field, value)
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


def with_changes(base: Plan, changes: Changes, sites: Sequence[Site]) -> Plan:
    """`base` with rules for the changes after its own: one for sites that are changed alike."""
    if not changes:
        return base
    by_site: dict[str, dict[str, object]] = {}
    for site, field, value in changes:
        by_site.setdefault(site, {})[field] = value
    alike: dict[tuple, list[str]] = {}
    for site, fields in by_site.items():
        alike.setdefault(tuple(fields.items()), []).append(site)
    names = {site.name: site for site in sites}
    # Results are told apart by names of plans, too: two plans must not share one.
    mark = hashlib.sha256(repr((base.digest, changes)).encode()).hexdigest()[:4]
    plan = base
    for fields, members in alike.items():
        plan = with_rule(plan, globs_of(members, names), dict(fields), f"{base.name}-{mark}")
    return replace(
        plan,
        description=f"{base.name} with {len(by_site)} of its sites changed by hand.",
        source=f"{base.name} with changes",
    )


def with_rule(plan: Plan, globs: Sequence[str], fields: Mapping[str, object], name: str) -> Plan:
    """A plan of another name with one more rule, which wins."""
    # It stands in no file: errors about it name no line.
    rule = Rule(tuple(globs), dict(fields), lines=(0,) * len(globs))
    return replace(plan, name=name, rules=(*plan.rules, rule))


def fitted(plan: Plan, sites: Sequence[Site]) -> Plan:
    """A plan without the globs that match none of the sites, which are of another model, and with
    names of sites in the place of roles."""
    names, rules = [site.name for site in sites], []
    for rule in named(plan, sites).rules:
        pairs = zip(rule.globs, rule.lines, strict=True)
        kept = [(g, line) for g, line in pairs if any(fnmatchcase(name, g) for name in names)]
        if kept:
            globs, lines = zip(*kept, strict=True)
            rules.append(replace(rule, globs=globs, lines=lines))
    return replace(plan, rules=tuple(rules))


def adapted(plan: Plan, sites: Sequence[Site]) -> Plan:
    """A plan whose rules for roles name the sites of a voice that have them.

    Of a preset rules for sites of other voices are left out, with a warning; what other plans name
    has to be there.
    """
    plan = named(plan, sites)
    if not plan.is_preset:
        return plan
    found = fitted(plan, sites)
    kept = {glob for rule in found.rules for glob in rule.globs}
    idle = {glob for rule in plan.rules for glob in rule.globs} - kept
    if not idle:
        return plan
    names = ", ".join(sorted(idle))
    message = f"preset {plan.name}: this voice has no site {names}, which it has rules for"
    warnings.warn(message, LightningWarning, stacklevel=2)
    return found


def named(plan: Plan, sites: Sequence[Site]) -> Plan:
    """A plan with globs in the place of roles; without a rule that is for none of the sites."""
    if not any(rule.roles for rule in plan.rules):
        return plan
    names, rules = {site.name: site for site in sites}, []
    for rule in plan.rules:
        members = [site.name for site in sites if site.role in rule.roles]
        if members:
            globs = tuple(globs_of(members, names))
            rules.append(replace(rule, globs=globs, lines=rule.lines[:1] * len(globs), roles=()))
        elif not rule.roles:
            rules.append(rule)
    return replace(plan, rules=tuple(rules))


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
        _check_value(field, value)
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
        EditError: see `place_of`. OSError: it cannot be written.
    """
    path = place_of(path)
    content = yaml.safe_load(plan.to_yaml()) | {"name": path.stem}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    write_output(path, text)
    return path


def place_of(path: str | Path) -> Path:
    """Where a plan would be saved, as an absolute path.

    Raises:
        EditError: the name does not end in .yaml, or its folder is not there.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix not in (".yaml", ".yml"):
        raise EditError(f"a plan is saved as NAME.yaml, not as {path.name!r}")
    if not path.parent.is_dir():
        raise EditError(f"there is no folder {path.parent}")
    return path


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


def _offered(field: str, site: Site) -> bool:
    """Whether a site has a choice in a field that makes a difference to it."""
    if field == "in0_block_w":
        return len(_block_widths(site)) > 1
    if field == "math_approx_mode":
        function = UNARY.get(site.op)
        approximate = function is not None and function.approximate is not None
        return approximate or site.op.endswith(("norm", "softmax", "attention"))
    return matters(field, site)


def _block_widths(site: Site) -> list[int]:
    """Legal widths of blocks of a product, in tiles: the divisors of its inner dimension."""
    if site.op not in ("linear", "matmul"):
        return []
    tiles = -(-site.shapes[0][-1] // TILE)
    return [width for width in range(1, tiles + 1) if tiles % width == 0]


def _check_undone(base: Plan, name: str, field: str, value: object) -> None:
    if value is None and getattr(base.for_site(name), field) is not None:
        raise EditError(
            f"{base.name} sets {field} of {name}: a rule can set another width, and none can leave "
            "it to ttnn again"
        )


def globs_of(members: Sequence[str], sites: Mapping[str, object]) -> list[str]:
    """Globs that match these sites and no others: numbers become stars where all of them belong."""
    wanted, result = set(members), {}
    for name in members:
        glob = re.sub(r"\.\d+(?=\.|$)", ".*", name)
        matched = {site for site in sites if fnmatchcase(site, glob)}
        result[glob if matched <= wanted else name] = None
    return list(result)


def _check_value(field: str, value: object) -> None:
    if not is_legal(field, value) and (field, value) != ("in0_block_w", None):
        raise EditError(f"{field} cannot be {value!r}")


def _most_common(precisions: Precisions) -> SitePrecision:
    """A default that rules can undo: a width of blocks, or an integer result, they could not."""
    counts = Counter(
        replace(p, in0_block_w=None) for p in precisions.values() if p.output != "uint32"
    )
    return counts.most_common(1)[0][0] if counts else SitePrecision()


def _differences(precision: SitePrecision, other: SitePrecision) -> dict[str, object]:
    pairs = ((name, getattr(precision, name), getattr(other, name)) for name in _ALL_FIELDS)
    return {name: value for name, value, default in pairs if value != default}
