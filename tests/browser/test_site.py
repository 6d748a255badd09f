"""All notebooks with the real voice, executed, and every page in a real browser, from disk.

The site is the one of `make notebooks`, in build/: what has not changed since is not run again.
"""

import base64
import io
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from lightning_v2.report.defaults import PLANS
from lightning_v2.report.planning import find_notebooks, plan_runs
from lightning_v2.report.run import run_notebooks

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
STEMS = [Path(run.executed).stem for _, run in plan_runs(find_notebooks(None, None), PLANS, {})]
SILENT = {"10_time_and_money"}
"""Pages on which nothing sounds: what they show is counted in milliseconds, bytes and money."""
FIRST = "01_hear_the_difference"


@pytest.fixture(scope="session")
def report():
    return run_notebooks(find_notebooks(None, None), build=BUILD)


@pytest.fixture
def opened(report, visit):
    """opened(name, **options): a page of the site whose players are ready."""

    def open_page(name, **options):
        seen = visit(BUILD / "site" / f"{name}.html", **options)
        seen.page.wait_for_function(
            "document.querySelectorAll('.ab-player').length === "
            "document.querySelectorAll('.ab-player[data-ready]').length"
        )
        return seen

    return open_page


def executed(stem):
    return nbformat.read(BUILD / "notebooks" / f"{stem}.ipynb", as_version=4)


def metrics(plan):
    kind = "application/vnd.lightning-v2.metrics+json"
    cells = executed(f"{FIRST}-{plan}").cells
    bundles = [o.data for cell in cells for o in cell.get("outputs", []) if "data" in o]
    return next(bundle[kind] for bundle in bundles if kind in bundle)["metrics"]


def test_all_ran_through(report):
    assert report.ok, [(run.executed, run.error) for run in report.runs] + report.problems
    stored = json.loads((BUILD / "report.json").read_text())
    assert stored["ok"]
    assert [Path(run["executed"]).stem for run in stored["runs"]] == STEMS


def test_naive_is_broken_by_every_kind_of_measure_and_bf16_is_not(report):
    good, bad = metrics("bf16"), metrics("naive")
    assert good["pesq_wb_mos"] > 4.5 > 2.5 > bad["pesq_wb_mos"]
    assert good["lsd_db"] < 1 < bad["lsd_db"]
    assert good["f0_p95_cents"] < 15 < bad["f0_p95_cents"]
    assert good["waveform_pcc"] > 0.99 > 0.9 > bad["waveform_pcc"]


@pytest.mark.parametrize("name", ["index", *STEMS])
@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True},
    ],
    ids=["light", "dark", "phone"],
)
def test_opens_offline_whole_and_without_a_complaint(opened, name, options):
    seen = opened(name, **options)
    width = options.get("viewport", {"width": 1000})["width"]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    pictures = seen.page.evaluate(
        "[...document.querySelectorAll('figure.picture img')]"
        ".map((i) => [i.complete, i.naturalWidth, i.clientWidth, i.alt.length])"
    )
    assert pictures
    assert all(complete and width > 500 and shown > 200 and alt > 40
               for complete, width, shown, alt in pictures)  # fmt: skip
    dark = options.get("color_scheme") == "dark"
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(21, 24, 29)") is dark
    assert re.search(r"commit [0-9a-f]{12}.*torch 2.*cores", seen.page.inner_text("footer"))
    assert seen.errors == []
    assert seen.requests == []


@pytest.mark.parametrize("name", ["index", *(s for s in STEMS if s not in SILENT)])
def test_something_is_to_be_heard_and_switched(opened, name):
    seen = opened(name)
    page = seen.page
    group = page.locator(".ab-player").first
    marks, clips = group.locator(".ab-mark"), group.locator(".ab-clip")
    assert clips.count() >= 2
    group.get_by_role("button", name="Play").first.click()
    (marks.first if marks.count() else clips.nth(1)).click()
    page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.1")
    assert seen.player("[deck.playing, deck.context.state]") == [True, "running"]
    assert clips.nth(1).get_attribute("aria-pressed") == "true"
    loud = seen.player("deck.buffers.map((b) => Math.max(...b.getChannelData(0).map(Math.abs)))")
    assert all(0 <= level <= 1.5 for level in loud)
    assert max(loud) > 0.05
    assert seen.errors == []


@pytest.mark.parametrize("name", STEMS)
def test_figures_can_be_downloaded_as_data(opened, name):
    page = opened(name).page
    links = page.eval_on_selector_all(
        'a[download][href^="files/"]', "(links) => links.map((a) => a.getAttribute('href'))"
    )
    paths = [BUILD / "site" / link for link in links]
    assert any(path.suffix == ".ipynb" for path in paths)
    figures = page.locator("figure.picture").count()
    assert page.locator("p.data").count() == figures
    for path in paths:
        if path.suffix == ".csv":
            assert len(pd.read_csv(path))
        elif path.suffix == ".npz":
            assert all(array.size for array in np.load(path).values())


def test_data_of_the_waveforms_is_what_is_heard(report):
    kept = np.load(BUILD / "site" / "files" / f"{FIRST}-naive" / "waveforms.npz")
    [state] = [
        entry["state"]
        for entry in next(iter(executed(f"{FIRST}-naive").metadata.widgets.values()))[
            "state"
        ].values()
        if entry["state"].get("label") == "naive against PyTorch float32"
    ]
    import soundfile

    for clip in state["clips"][:2]:
        wave, rate = soundfile.read(io.BytesIO(base64.b64decode(clip["wav"])), dtype="float32")
        name = {"reference": "reference", "naive": "candidate"}[clip["label"]]
        assert rate == kept["sample_rate_hz"]
        assert np.abs(wave - kept[name]).max() <= 0.6 / 32768


def test_page_says_why_naive_is_broken(opened):
    body = opened(f"{FIRST}-naive").page.locator("main").inner_text()
    assert "The cause is source.phase" in body
    assert "naive with exact phase" in body
    assert "emulated, fast tier" in body


def test_code_is_there_for_who_wants_it(opened):
    page = opened(f"{FIRST}-bf16").page
    cell = page.locator("details.code", has_text="lv2.compare)").first
    assert not page.get_by_text("lv2.compare)").first.is_visible()
    cell.locator("summary").click()
    assert page.get_by_text("lv2.compare)").first.is_visible()


def test_index_leads_everywhere_and_plays_all_plans_side_by_side(opened):
    page = opened("index").page
    chart, plans = (page.locator(".ab-player").nth(at) for at in range(2))
    assert chart.locator(".ab-mark").count() > 50
    assert chart.get_by_role("button", name="naive").count() == 1
    clips = plans.locator(".ab-clip").all_inner_texts()
    assert [clip.split()[0] for clip in clips] == ["reference", *PLANS]
    assert page.locator("td.broken").count() >= 3
    links = page.eval_on_selector_all("main a", "(a) => a.map((a) => a.getAttribute('href'))")
    assert {f"{stem}.html" for stem in STEMS} <= set(links)
    page.get_by_role("link", name="naive").first.click()
    page.wait_for_selector(".ab-player[data-ready]")
    page.locator("nav").get_by_role("link", name="bf16").click()
    page.get_by_role("link", name="all pages").click()
    assert page.title() == "Lightning V2"


def test_index_shows_a_picture_of_every_notebook(opened):
    page = opened("index").page
    sizes = page.eval_on_selector_all("img.thumbnail", "(i) => i.map((i) => i.naturalWidth)")
    assert len(sizes) == len(find_notebooks(None, None))
    assert all(size >= 300 for size in sizes)


def test_everything_is_reached_by_keyboard(opened):
    page = opened("index").page
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return [e.tagName, e.getAttribute('href'), getComputedStyle(e).outlineStyle]; })()"
        )
        assert focused[0] == "BODY" or focused[2] != "none", focused
        reached.add(focused[1])
    assert {f"{stem}.html" for stem in STEMS[:4]} <= reached
