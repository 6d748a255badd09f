"""The real notebook with the real voice, executed, and its pages in a real browser, from disk."""

import json
from pathlib import Path

import nbformat
import pytest

from lightning_v2.report.run import run_notebooks

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "01_hear_the_difference.ipynb"
TEXT = "Seven silver ships, sailing slowly."
STEM = NOTEBOOK.stem


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    report = run_notebooks([NOTEBOOK], ["bf16", "naive"], {"text": TEXT}, build=folder)
    assert report.ok, [run.error for run in report.runs]
    return folder


@pytest.fixture
def opened(build, visit):
    """opened(name, **options): a page of the site whose players are ready."""

    def open_page(name, **options):
        seen = visit(build / "site" / f"{name}.html", **options)
        seen.page.wait_for_selector(".ab-player[data-ready]")
        return seen

    return open_page


def metrics(build, plan):
    notebook = nbformat.read(build / "notebooks" / f"{STEM}-{plan}.ipynb", as_version=4)
    kind = "application/vnd.lightning-v2.metrics+json"
    bundles = [o.data for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    return next(bundle[kind] for bundle in bundles if kind in bundle)["metrics"]


def test_report_says_what_ran(build):
    report = json.loads((build / "report.json").read_text())
    assert report["ok"]
    assert [run["plan"] for run in report["runs"]] == ["bf16", "naive"]
    assert all(run["parameters"]["text"] == TEXT for run in report["runs"])


def test_naive_is_broken_by_every_kind_of_measure_and_bf16_is_not(build):
    good, bad = metrics(build, "bf16"), metrics(build, "naive")
    assert good["pesq_wb_mos"] > 4.5 > 2.5 > bad["pesq_wb_mos"]
    assert good["lsd_db"] < 1 < bad["lsd_db"]
    assert good["f0_p95_cents"] < 15 < bad["f0_p95_cents"]
    assert good["waveform_pcc"] > 0.99 > 0.9 > bad["waveform_pcc"]


@pytest.mark.parametrize("name", ["index", f"{STEM}-bf16", f"{STEM}-naive"])
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
        "[...document.images].map((i) => [i.complete, i.naturalWidth, i.clientWidth, i.alt.length])"
    )
    assert len(pictures) == (0 if name == "index" else 6)
    assert all(complete and width > 500 and shown > 200 and alt > 40
               for complete, width, shown, alt in pictures)  # fmt: skip
    dark = options.get("color_scheme") == "dark"
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(21, 24, 29)") is dark
    assert seen.errors == []
    assert seen.requests == []


def test_player_of_a_page_plays_and_switches(opened):
    seen = opened(f"{STEM}-naive")
    page = seen.page
    group = page.get_by_role("group", name="naive against fp32").first
    names = group.get_by_role("button").all_inner_texts()
    assert [name.split()[0] for name in names[1:]] == ["reference", "naive", "difference"]
    group.get_by_role("button", name="Play").click()
    group.get_by_role("button", name="naive").click()
    page.wait_for_timeout(300)
    assert seen.player("[deck.playing, deck.context.state]") == [True, "running"]
    gains = seen.player("deck.voices.map((voice) => voice.gain.gain.value)")
    assert gains == pytest.approx([0, 1, 0], abs=1e-3)
    assert seen.player("deck.position") > 0.1
    assert group.get_by_role("button", name="naive").get_attribute("aria-pressed") == "true"
    loud = seen.player("deck.buffers.map((b) => Math.max(...b.getChannelData(0)))")
    assert all(0.05 < level < 1 for level in loud)


def test_page_says_why_naive_is_broken(opened):
    body = opened(f"{STEM}-naive").page.locator("main").inner_text()
    assert "The cause is source.phase" in body
    assert "naive with exact phase" in body
    assert "emulated, fast tier" in body


def test_code_is_there_for_who_wants_it(opened):
    page = opened(f"{STEM}-bf16").page
    cell = page.locator("details.code").first
    assert not page.get_by_text("lv2.compare(").first.is_visible()
    cell.locator("summary").click()
    assert page.get_by_text("lv2.compare(").first.is_visible()


def test_index_leads_everywhere_and_plays_all_plans_side_by_side(opened):
    page = opened("index").page
    clips = page.locator(".ab-clip").all_inner_texts()
    assert [clip.split()[0] for clip in clips] == ["reference", "bf16", "naive"]
    assert page.locator("td.broken").count() >= 3
    page.get_by_role("link", name="naive").click()
    page.wait_for_selector(".ab-player[data-ready]")
    page.locator("nav").get_by_role("link", name="bf16").click()
    page.get_by_role("link", name="all pages").click()
    assert page.title() == "Lightning V2"
