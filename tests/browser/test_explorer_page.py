"""The explorer in a real browser: with the kernel's side in this process, and without one."""

import re
from dataclasses import dataclass

import pytest

from lightning_v2.precision import Plan
from lightning_v2.report.pages.document import HERE
from tests.browser.kernel_side import KernelSide, open_page
from tests.browser.players import SHELL
from widgets import PrecisionExplorer
from widgets.explorer import explorer_cost
from widgets.static import widget_html

PAGE_STYLE = (HERE / "page.css").read_text()
TEXT = "Ships."
WAIT_S = 300
SIDEBAR = {"viewport": {"width": 1060, "height": 900}}
"""What a JupyterLab of 1400 points has beside its sidebar."""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
GONE = "Kernel gone: run the cell again."
DEAD = ".explorer :is(select, button, input):not([type=search], .ex-check input), .ex-question"
"""Of a page that nobody answers: everything that would need an answer."""

FOCUS = """() => {
  const one = document.activeElement;
  const player = document.querySelector('.ab-pinned');
  const [place, over] = [one, player].map((each) => each.getBoundingClientRect());
  const covered = !player.contains(one) && place.top < over.bottom && place.bottom > over.top;
  const name = one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent;
  return [name, covered, getComputedStyle(one).outlineStyle];
}"""
"""What has the focus: its name, whether the player covers it, and its outline."""


@dataclass(frozen=True)
class Found:
    latency_s: float = 0.002
    seconds_each: float = 2.7

    def streams(self, bound_s):
        return 1234


@pytest.fixture(scope="module")
def made():
    """An explorer whose costs are at once what a test has chosen."""
    patch = pytest.MonkeyPatch()
    patch.setattr(explorer_cost, "Cost", Found)
    explorer = PrecisionExplorer(
        TEXT,
        "bf16",
        voice="lark",
        costs=lambda tell: explorer_cost.Costs(tell, lambda asked: Found(), calm_s=0.0),
    )
    _ = explorer.cost
    yield explorer
    explorer.close()
    patch.undo()


@pytest.fixture
def explorer(made):
    """At its beginning."""
    made.session.back_to(1)
    made.session.wait(WAIT_S)
    made.session.tell()
    return made


def parts(explorer):
    return {type(part).__name__: part for part in explorer.parts}


@pytest.fixture
def live(explorer, visit, tmp_path):
    """live(**options): the explorer in a page that reaches it; nothing may go wrong in there."""
    opened = []

    def open_live(**options):
        seen = open_page(visit, tmp_path, **(options or SIDEBAR))
        opened.append(seen)
        side = KernelSide(seen, parts(explorer))
        seen.page.wait_for_selector(".ab-player[data-ready]")
        return side

    yield open_live
    for seen in opened:
        assert seen.errors == []


@pytest.fixture
def stored(explorer, visit, tmp_path):
    """stored(**options): its page without a kernel."""
    opened = []

    def open_stored(**options):
        path = tmp_path / "stored.html"
        body = "".join(
            f'<div class="output_area">{widget_html(part.get_state())}</div>'
            for part in explorer.parts
        )
        path.write_text(f"{SHELL}<style>{PAGE_STYLE}</style><main>{body}</main>")
        seen = visit(path, **(options or SIDEBAR))
        opened.append(seen)
        seen.page.wait_for_selector(".ab-player[data-ready]")
        return seen

    yield open_stored
    for seen in opened:
        assert seen.errors == []


def settled(side, explorer):
    """Wait for what was asked for, and show it."""
    explorer.session.wait(WAIT_S)
    side.show()


def box(page, selector):
    return page.locator(selector).first.bounding_box()


def inside(page, selector):
    """Whether all of it is to be seen in the window."""
    place, window = box(page, selector), page.viewport_size
    return (
        place["x"] >= 0
        and place["y"] >= 0
        and place["x"] + place["width"] <= window["width"] + 1
        and place["y"] + place["height"] <= window["height"] + 1
    )


@pytest.mark.parametrize("options", [SIDEBAR, PHONE], ids=["sidebar", "phone"])
def test_fidelity_and_dst_are_seen_without_scrolling_sideways(live, options):
    page = live(**options).page
    headings = page.locator(".ex-sites thead tr").first.locator("th")
    names = headings.all_inner_texts()
    assert names[:4] == ["mark", "site", "fidelity", "Dst"]
    place = box(page, ".ex-tall")
    for at in (2, 3):
        heading = headings.nth(at).bounding_box()
        assert heading["x"] + heading["width"] <= place["x"] + place["width"]
    width = options["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("options", [SIDEBAR, PHONE], ids=["sidebar", "phone"])
def test_player_and_headline_measures_stay_in_view_while_the_page_scrolls(live, options):
    page = live(**options).page
    for selector in (".ex-tall", ".ex-layers", ".ex-history"):
        page.evaluate(
            "(at) => scrollTo(0, document.querySelector(at).getBoundingClientRect().top + scrollY)",
            selector,
        )
        place = box(page, ".ab-player")
        assert place["y"] >= 0 and place["height"] < page.viewport_size["height"] / 2
        assert inside(page, ".ab-figures") and inside(page, ".ab-play")
    figures = page.locator(".ab-figure")
    assert figures.count() == 5
    assert "PESQ-WB" in figures.first.inner_text()


def test_it_loops_from_the_beginning_over_whatever_is_there(live, explorer):
    side = live()
    deck = "document.querySelector('.ab-player').deck"
    page = side.page
    assert page.locator(".ab-loop").is_checked()
    page.locator(".ab-play").click()
    page.wait_for_function(f"{deck}.voices.length > 0")
    assert page.evaluate(f"{deck}.voices.every(({{ source }}) => source.loop)")
    before = page.evaluate(f"{deck}.duration")
    explorer.session.set(text="Ships and more ships.")
    settled(side, explorer)
    page.wait_for_function(f"{deck}.duration > {before}")
    assert page.evaluate(f"[{deck}.looping, {deck}.playing, ...{deck}.span]") == [
        True, True, 0, page.evaluate(f"{deck}.duration"),
    ]  # fmt: skip


def test_what_cannot_be_heard_is_marked_until_it_runs_freely(live, explorer):
    side = live()
    page = side.page
    row = page.locator("tr[data-site='duration.output']")
    tags = page.locator(".ex-tag:visible")
    assert row.locator(".ex-tag").inner_text() == "not heard"
    assert tags.count() == len(explorer.session.state.unheard)
    assert "sites cannot be heard" in page.locator(".ex-count").inner_text()
    page.get_by_label("weights of duration.output", exact=True).select_option("bfloat4_b")
    settled(side, explorer)
    warning = page.locator(".ex-bar > .ex-warning")
    assert "not heard: duration.output" in warning.inner_text()

    page.get_by_label("durations and F0").select_option("free-running")
    settled(side, explorer)
    assert tags.count() == 0
    assert warning.inner_text() == ""
    assert "free-running" in page.locator(".ex-status").inner_text()
    titles = page.locator(".ex-measures figcaption").all_inner_texts()
    assert titles == [
        "Durations phone by phone, candidate − reference",
        "F0, measured on both waveforms",
    ]
    assert page.locator(".ex-bars rect").count() == len(explorer.comparison.reference.phonemes)
    assert "change of length" in page.locator(".ab-figure").first.inner_text()


@pytest.mark.parametrize("status", ["restarting", "autorestarting", "dead"])
def test_a_kernel_that_is_gone_is_said_and_nothing_looks_live(live, explorer, status):
    side = live()
    page = side.page
    side.lose(status)
    assert page.locator(".ex-bar [role=alert]").inner_text() == GONE
    assert page.locator(DEAD).count() == 0
    assert page.locator("[aria-busy=true]").count() == 0
    fidelity = explorer.plan.for_site("decoder.input").math_fidelity
    assert fidelity in page.locator("tr[data-site='decoder.input']").inner_text()
    before = list(side.sent)
    page.locator(".ex-layers .ex-cell").first.click()
    page.locator(".ex-sites tbody tr").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("Control+z")
    page.locator("input[type=search]").fill("decoder.norm")
    assert page.locator(".ex-sites tbody tr:visible").count() == 1
    assert side.sent == before
    assert page.evaluate("[kernel.statusChanged.count, kernel.disposed.count]") == [0, 0]


def test_a_kernel_that_goes_while_it_computes_leaves_no_promise(live, explorer):
    explorer.session._debounce_s, debounce_s = 3600.0, explorer.session._debounce_s
    try:
        side = live()
        page = side.page
        page.get_by_label("fidelity of decoder.input", exact=True).select_option("LoFi")
        page.wait_for_timeout(100)
        side.show()
        assert page.locator(".ex-bar[aria-busy=true]").count() == 1
        side.lose()
        content = "getComputedStyle(document.querySelector('.ab-player'), '::before').content"
        assert page.evaluate(content) == '"out of date: the sound of the plan before"'
        assert page.locator("[aria-busy=true]").count() == 0
        assert "computing" not in page.locator(".ex-bar").inner_text()
        assert page.locator(".ex-measures .ex-of").inner_text().startswith("out of date:")
    finally:
        explorer.session.cancel()
        explorer.session._debounce_s = debounce_s


def test_the_player_keeps_its_sound_without_a_kernel(live):
    side = live()
    side.lose()
    page = side.page
    saved = page.evaluate("saved.length")
    page.locator(".ab-clip").nth(1).click()
    page.locator(".ab-play").click()
    page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.05")
    assert page.locator(".ab-clip").nth(1).get_attribute("aria-pressed") == "true"
    assert page.evaluate("saved.length") == saved
    loud = "Math.max(...document.querySelector('.ab-player').deck.buffers[1].getChannelData(0))"
    assert page.evaluate(loud) > 0.05


def test_a_stored_page_shows_what_was_chosen_and_no_dead_control(stored):
    page = stored().page
    assert page.locator(DEAD).count() == 0
    chosen = page.locator(".ex-chosen").inner_text()
    for words in (TEXT, "lark", "bf16", "fp32, PyTorch", "the reference's (teacher-forced)"):
        assert words in chosen
    assert "run its notebook to change anything" in page.locator(".ex-bar").inner_text()
    assert page.locator(".ex-sites tbody tr").count() > 200
    (deaf,) = re.findall(r"(\d+) sites cannot be heard", page.locator(".ex-sites").inner_text())
    assert page.locator(".ex-tag:visible").count() == int(deaf)
    page.locator("input[type=search]").fill("duration.*")
    assert page.locator(".ex-sites tbody tr:visible").count() == 3
    assert page.locator(".ex-history tbody tr").count() >= 1
    page.locator(".ab-play").click()
    page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.05")


def test_latency_and_streams_say_that_they_are_modelled(live, stored):
    for page in (live().page, stored().page):
        words = page.locator(".ex-cost").inner_text()
        assert "2.00 ms modelled latency of this sentence" in words
        assert "1,234 streams at once, modelled" in words
        assert "p150, one sentence at a time" in words and "Not run on silicon." in words


def test_a_plan_is_saved_by_keyboard_and_only_after_a_yes(live, explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-plan.yaml").write_text("precious")
    side = live()
    page = side.page
    page.get_by_label("file").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    side.show()
    focus = "document.activeElement.textContent"
    asked = page.get_by_role("alertdialog")
    assert "It is there already" in asked.inner_text()
    assert page.evaluate(focus) == "No, leave it"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    side.show()
    assert not asked.is_visible()
    assert page.evaluate(focus) == "Save plan"
    assert (tmp_path / "my-plan.yaml").read_text() == "precious"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    side.show()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focus) == "Replace it"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    side.show()
    assert f"saved {tmp_path / 'my-plan.yaml'}" in page.locator(".ex-status").inner_text()
    assert Plan.load(tmp_path / "my-plan.yaml").digest == explorer.plan.digest


def test_everything_is_reached_by_keyboard_and_is_not_covered(live):
    side = live()
    page = side.page
    page.get_by_label("sentence (your own, or one of the list)").focus()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name, covered, outline = page.evaluate(FOCUS)
        reached.append(name)
        assert not covered, name
        assert outline != "none", name
    for name in ("voice", "durations and F0", "Save plan", "changed only", "Reset"):
        assert any(name in words for words in reached), name
    assert any("fidelity of encoder" in words for words in reached)
