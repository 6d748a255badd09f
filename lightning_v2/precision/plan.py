"""A plan: which site of a model runs in which precision. A YAML file with a default and rules.

    name: mostly-lofi
    description: LoFi but for the last layer.
    adapted: mostly-lofi             # weights of a voice that have learned it, where there are some
    default: {weights: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}
    rules:
      - sites: "*.output"            # a glob, or a list of globs, on the dotted names of sites
        math_fidelity: HiFi4
      - roles: phase                 # or a list: what sites are for, whatever they are called
        output: float32

Later rules win. Fields that nobody sets have ttnn's defaults (see `SitePrecision`). One plan drives
the emulator, the coverage figures and the deployment: nothing else decides a precision.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from lightning_v2.errors import LightningError
from lightning_v2.precision.coverage import Coverage, voice_sites
from lightning_v2.precision.reader import Reader, nearest
from lightning_v2.resources import data_path
from lightning_v2.tensix.intercept.operations import outputs
from lightning_v2.tensix.numbers.sites import Site, SitePrecision


class PlanError(LightningError, ValueError):
    """A plan that cannot be used; says where, what is wrong, and the nearest legal word."""

    def __init__(self, message: str, source: str, line: int | None = None):
        super().__init__(f"{source}:{line}: {message}" if line else f"{source}: {message}")
        self.source, self.line = source, line


@dataclass(frozen=True)
class Rule:
    """Fields for the sites that any of the globs matches, or that have one of the roles.

    Attributes:
        lines: of the globs or roles, in the file.
        roles: of `sites.ROLES`; a rule has either globs or roles.
    """

    globs: tuple[str, ...]
    fields: dict[str, object]
    lines: tuple[int, ...]
    roles: tuple[str, ...] = ()

    def matches(self, name: str, role: str = "") -> bool:
        return role in self.roles or any(fnmatchcase(name, glob) for glob in self.globs)

    @property
    def whose(self) -> list:
        """Its globs; roles are marked as such."""
        return ["roles", list(self.roles)] if self.roles else [list(self.globs)]


@dataclass(frozen=True, eq=False)
class Plan:
    """See the module; made by `load` or `parse`."""

    name: str
    description: str
    default: dict[str, object]
    rules: tuple[Rule, ...]
    source: str
    adapted: str = ""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Plan:
        """A preset by its name in data/plans/, or a file by its path.

        Raises:
            PlanError: there is no such plan, or it does not parse.
        """
        if not isinstance(name_or_path, str | Path):
            raise PlanError("a plan is given by its name or the path of a file", str(name_or_path))
        path = Path(name_or_path)
        if path.suffix not in (".yaml", ".yml"):
            known = presets()
            if str(name_or_path) not in known:
                near = nearest(str(name_or_path), known)
                raise PlanError(
                    f"no such plan; did you mean {near!r}? Presets are {', '.join(known)}; "
                    "a file of your own is given by its path, ending in .yaml",
                    str(name_or_path),
                )
            path = data_path("plans", f"{name_or_path}.yaml")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PlanError(f"cannot be read: {error}", str(path)) from error
        return cls.parse(text, str(path))

    @classmethod
    def of(cls, plan: Plan | str | Path) -> Plan:
        """A plan as it is; a name or path is loaded.

        Raises:
            PlanError: see `load`.
        """
        return plan if isinstance(plan, Plan) else cls.load(plan)

    @classmethod
    def parse(cls, text: str, source: str = "<string>") -> Plan:
        """A plan from YAML text; `source` is named in errors.

        Raises:
            PlanError: it is no YAML, has an unknown or repeated field, or an illegal value.
        """
        reader = Reader(text, lambda message, line: PlanError(message, source, line))
        content = reader.plan()
        rules = tuple(Rule(*rule) for rule in content["rules"])
        name = content["name"] or (Path(source).stem if source != "<string>" else "unnamed")
        description, default = content["description"], content["default"]
        return cls(name, description, default, rules, source, content["adapted"])

    @property
    def is_preset(self) -> bool:
        """Whether it is one of data/plans/, which are meant for any voice."""
        return self.source == str(data_path("plans") / f"{self.name}.yaml")

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of what the plan says, whatever its name, comments and layout."""
        content = [self.default, [[*rule.whose, rule.fields] for rule in self.rules]]
        content += [self.adapted] if self.adapted else []
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def for_site(self, site: str | Site, role: str = "") -> SitePrecision:
        """How one site, given by itself or by its name and role, runs.

        Where a name is all that is known, `fit.for_voice` has to have made rules for names of those
        for roles.
        """
        if isinstance(site, Site):
            return self._precision(site.name, site.role)
        return self._precision(site, role)

    def check(self, sites: Iterable[Site]) -> None:
        """Hold the plan against the sites of a model.

        Raises:
            PlanError: a glob matches no site, or an operation has no output in such a format.
        """
        sites = list(sites)
        names = [site.name for site in sites]
        for rule in self.rules:
            for glob, line in zip(rule.globs, rule.lines, strict=not rule.roles):
                if not any(fnmatchcase(name, glob) for name in names):
                    near = nearest(glob, names)
                    hint = f"; did you mean {near!r}?" if near else ""
                    raise PlanError(f"{glob!r} matches no site{hint}", self.source, line)
        for site in sites:
            output, legal = self.for_site(site).output, outputs(site.op)
            if output not in legal:
                rules = [r for r in self.rules if r.matches(site.name, site.role)]
                ruling = [r for r in rules if "output" in r.fields]
                message = f"the output of {site.name} ({site.op}) cannot be {output!r}, only "
                line = ruling[-1].lines[0] if ruling else None
                raise PlanError(message + ", ".join(legal), self.source, line)

    def coverage(self, voice: object, text: str | None = None) -> Coverage:
        """How much of a voice runs in which fidelity and format; see `coverage.Coverage`.

        Args:
            voice: from `lightning_v2.load`, or a list of `Site` of any module.
            text: the sentence whose operations are counted; a pangram if not given.
        """
        sites = voice if isinstance(voice, list) else voice_sites(voice, text)
        return Coverage(self, tuple(sites))

    def to_yaml(self) -> str:
        """The plan as a file that `parse` reads back to the same digest."""
        head = {"name": self.name, "description": self.description, "adapted": self.adapted}
        content: dict[str, object] = {key: text for key, text in head.items() if text}
        content["default"] = self.default
        content["rules"] = [
            {"roles" if r.roles else "sites": _one_or_more(r.roles or r.globs), **r.fields}
            for r in self.rules
        ]
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)

    @functools.cached_property
    def _precisions(self) -> dict[tuple[str, str], SitePrecision]:
        return {}

    def _precision(self, name: str, role: str) -> SitePrecision:
        if (name, role) not in self._precisions:
            fields = dict(self.default)
            for rule in self.rules:
                if rule.matches(name, role):
                    fields |= rule.fields
            self._precisions[name, role] = _precision_of(**fields)
        return self._precisions[name, role]


@functools.lru_cache(maxsize=1024, typed=True)
def _precision_of(**fields: object) -> SitePrecision:
    """One object for sites that run alike, however many."""
    return SitePrecision(**fields)


def _one_or_more(words: tuple[str, ...]) -> str | list[str]:
    return list(words) if len(words) > 1 else words[0]


def presets() -> list[str]:
    """Names of the plans in data/plans/."""
    return sorted(path.stem for path in data_path("plans").glob("*.yaml"))
