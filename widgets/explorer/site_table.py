"""A table of the sites of a voice, each with how it runs, to be searched and changed."""

from collections.abc import Sequence

import anywidget
import traitlets

from lightning_v2.precision import Plan
from lightning_v2.precision.edit import choices
from lightning_v2.tensix.numbers.sites import Site
from widgets.explorer.explorer_panels import EXPLORER_SCRIPTS
from widgets.source import source

COLUMNS = (
    "math_fidelity",
    "fp32_dest_acc_en",
    "weights",
    "activations",
    "output",
    "weights_rounding",
    "packer_l1_acc",
    "math_approx_mode",
    "in0_block_w",
)
"""Fields in the order of the table: what a plan is mostly about comes first."""


class SiteTable(anywidget.AnyWidget):
    """Shows sites and sends what is asked for; it decides nothing.

    Messages, each with a `kind`: "edit" (sites, fields), "reset" (sites), "select" (sites), "undo",
    "redo".

    Attributes:
        sites: fields, and of each site its name, op and legal values by field.
        values: `now` and `base`, site -> field -> value.
        errors: key and words of the state that they belong to, and what `explorer_views.errors`
            says of sites.
        unheard: sites that cannot be heard in the run of now.
        current: key of the state of now; errors of another one are marked.
        selected: names of the rows that are marked, in the order of the table.
        focus: `site` to go to.
        answered: how many messages have been answered; the table then shows `values` again.
    """

    _esm = source(*EXPLORER_SCRIPTS, "explorer/site_table.js")
    _css = source("explorer/explorer.css")

    sites = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    errors = traitlets.Dict().tag(sync=True)
    unheard = traitlets.List(traitlets.Unicode()).tag(sync=True)
    current = traitlets.Unicode().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    focus = traitlets.Dict().tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)

    def show_sites(self, sites: Sequence[Site]) -> None:
        """Another voice's rows; marks of sites that it does not have are gone."""
        rows = [{"name": site.name, "op": site.op, "choices": choices(site)} for site in sites]
        names = {site.name for site in sites}
        self.selected = [name for name in self.selected if name in names]
        self.sites = {"fields": list(COLUMNS), "rows": rows}

    def show_values(self, plan: Plan, base: Plan, sites: Sequence[Site]) -> None:
        """How the sites run, and how they would under the plan that was changed."""
        self.values = {"now": _values(plan, sites), "base": _values(base, sites)}


def _values(plan: Plan, sites: Sequence[Site]) -> dict[str, dict[str, object]]:
    found = {}
    for site in sites:
        precision = plan.for_site(site)
        found[site.name] = {field: getattr(precision, field) for field in choices(site)}
    return found
