"""The HTML around everything: head, colours, and where it all came from."""

import html
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import Template

from pygments.formatters import HtmlFormatter

HERE = Path(__file__).parent


def document(title: str, body: str, provenance: dict, facts: Sequence[str] = ()) -> str:
    """A page that needs no other file.

    Args:
        title: of the window, not escaped.
        body: HTML.
        provenance: as `provenance.provenance` gives it, for the foot of the page.
        facts: that stand there as well.
    """
    return _template().substitute(
        title=html.escape(title),
        css=(HERE / "page.css").read_text() + _code_colours(),
        body=body,
        facts=html.escape(" · ".join([*_facts(provenance), *facts])),
    )


def _facts(provenance: dict) -> list[str]:
    machine = provenance["machine"]
    packages = ", ".join(
        f"{name} {version}" for name, version in provenance["packages"].items() if version
    )
    facts = [
        f"commit {provenance['commit']}" if provenance["commit"] else "",
        f"Python {provenance['python']}, {packages}",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        *(f"voice {name}: {licence}" for name, licence in provenance.get("voices", {}).items()),
        provenance["time"],
    ]
    return [fact for fact in facts if fact]


@cache
def _template() -> Template:
    return Template((HERE / "page.html").read_text())


@cache
def _code_colours() -> str:
    """Colours of highlighted code, light and dark."""
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
