"""What the table of sites is given."""

import pytest

from lightning_v2.precision import Plan
from lightning_v2.precision.edit import FIELDS
from widgets.explorer.explorer_state import State
from widgets.explorer.site_table import SiteTable


@pytest.fixture(scope="module")
def sites():
    return State("a", "lark", "fp32", Plan.load("bf16")).sites


@pytest.fixture
def table(sites):
    table = SiteTable()
    table.show_sites(sites)
    return table


def test_a_row_for_every_site_in_the_order_in_which_they_run(table, sites):
    assert sorted(table.sites["fields"]) == sorted(FIELDS)
    assert table.sites["fields"][:2] == ["math_fidelity", "fp32_dest_acc_en"]
    assert [row["name"] for row in table.sites["rows"]] == [site.name for site in sites]
    assert {row["op"] for row in table.sites["rows"]} >= {"linear", "gelu", "phase", "softmax"}


def test_a_value_for_every_choice_and_for_nothing_else(table, sites):
    plan, base = Plan.load("lightning-v2"), Plan.load("bf16")
    table.show_values(plan, base, sites)
    for row, site in zip(table.sites["rows"], sites, strict=True):
        for side, source in (("now", plan), ("base", base)):
            values = table.values[side][row["name"]]
            assert values.keys() == row["choices"].keys()
            for field, legal in row["choices"].items():
                assert values[field] in legal
                assert values[field] == getattr(source.for_site(site), field)


def test_marks_of_sites_that_are_gone_are_dropped(table, sites):
    table.selected = ["decoder.input", "decoder.norm"]
    table.show_sites([site for site in sites if site.name != "decoder.norm"])
    assert table.selected == ["decoder.input"]
