"""A plan made to fit a voice: names of its sites for roles, no rules for sites of others."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from lightning_v2.errors import LightningWarning
from lightning_v2.precision import Plan
from lightning_v2.tensix.numbers.sites import Site


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


def for_voice(plan: Plan, sites: Sequence[Site]) -> Plan:
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


def globs_of(members: Sequence[str], sites: Mapping[str, object]) -> list[str]:
    """Globs that match these sites and no others: numbers become stars where all of them belong."""
    wanted, result = set(members), {}
    for name in members:
        glob = re.sub(r"\.\d+(?=\.|$)", ".*", name)
        matched = {site for site in sites if fnmatchcase(site, glob)}
        result[glob if matched <= wanted else name] = None
    return list(result)
