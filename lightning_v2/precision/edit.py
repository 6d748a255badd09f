"""Plans made from plans: rules after those of a base.

Changes site by site (`Changes`) and rules for many sites (`with_rule`) keep the base and follow its
rules.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from lightning_v2.errors import ArgumentError
from lightning_v2.files import write_output
from lightning_v2.precision import Plan, Rule
from lightning_v2.precision.fit import globs_of
from lightning_v2.tensix.intercept.operations import outputs
from lightning_v2.tensix.numbers.sites import FIDELITIES, LEGAL, Site, is_legal
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
        check_value(field, value)
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


def check_value(field: str, value: object) -> None:
    """Refuse a value that a field cannot have.

    Raises:
        EditError: it is not legal.
    """
    if not is_legal(field, value) and (field, value) != ("in0_block_w", None):
        raise EditError(f"{field} cannot be {value!r}")
