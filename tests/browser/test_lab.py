"""The explorer in a live JupyterLab: a change in the page reaches the kernel, and comes back."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.lab import run_all, run_cell, running_lab

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "00_explore.ipynb"
READ_BACK = (
    # Its costs are known by now; those of every plan that a test tries would keep a core busy.
    "explorer._costs.close()\n"
    "site, other = (explorer.plan.for_site(f'decoder.blocks.{n}.up') for n in (1, 2))\n"
    "c = explorer.comparison\n"
    "wave = c.candidate.waveform\n"
    "print(site.math_fidelity, other.math_fidelity, explorer.selected, c.plan is explorer.plan,\n"
    "      abs(wave).max(), blind.statistics.answered)"
)
SOUND = "document.querySelector('.ab-player').deck.buffers"
PEAK = (
    f"() => {SOUND}.map((b) => b.getChannelData(0).reduce((m, x) => Math.max(m, Math.abs(x)), 0))"
)
SETTLED = """() => {
  const key = document.querySelector('.ex-bar').dataset.key;
  const names = ['.ex-measures', '.ex-sound', '.ex-layers'];
  const parts = names.map((name) => document.querySelector(name));
  return document.querySelector('.ex-bar').getAttribute('aria-busy') === 'false'
    && parts.every((part) => part.dataset.key === key && !part.classList.contains('ex-stale'))
    && !document.querySelector('.ab-player').classList.contains('ex-stale');
}"""
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """The notebook, run, in Lab; page errors and foreign requests are collected."""
    with running_lab(tmp_path_factory.mktemp("lab"), NOTEBOOK, READ_BACK) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.errors, page.foreign = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: note_foreign(page, address, request.url))
        page.goto(address)
        run_all(page)
        page.wait_for_selector(".ab-player[data-ready]", timeout=WAIT_MS)
        page.wait_for_selector(".ex-sites[data-ready] tbody tr", timeout=WAIT_MS)
        page.first_key = key(page)
        yield page
        page.close()


@pytest.fixture
def page(lab):
    """The page at its beginning: the first try is chosen, nothing is marked or searched for."""
    lab.get_by_label("search: a part of a name, or a glob").fill("")
    lab.get_by_role("button", name="Clear selection").click()
    lab.get_by_role("button", name="go back to 1", exact=True).click()
    lab.wait_for_function(
        "(first) => document.querySelector('.ex-bar').dataset.key === first",
        arg=lab.first_key,
        timeout=WAIT_MS,
    )
    lab.wait_for_function(SETTLED, timeout=WAIT_MS)
    lab.errors.clear()
    yield lab
    assert lab.errors == []
    assert lab.foreign == []


def note_foreign(page, address, url):
    own = (address.split("/lab/")[0], "data:", "blob:", "ws:")
    if not url.startswith(own):
        page.foreign.append(url)


def key(page):
    return page.evaluate("document.querySelector('.ex-bar').dataset.key")


def settle(page, old):
    """Wait until another state is there, whole."""
    page.wait_for_function(
        "(old) => document.querySelector('.ex-bar').dataset.key !== old", arg=old, timeout=WAIT_MS
    )
    page.wait_for_function(SETTLED, timeout=WAIT_MS)


def told(page, words):
    """Wait for a message."""
    page.wait_for_function(
        "(words) => document.querySelector('.ex-bar [role=alert]').textContent.includes(words)",
        arg=words,
        timeout=WAIT_MS,
    )


def setting(page, field, site):
    return page.get_by_label(f"{field} of {site}", exact=True)


def card(page, name):
    return page.locator(".ex-card", has_text=name).locator("strong").inner_text()


def test_a_setting_reaches_the_kernel_and_comes_back_as_sound_and_pictures(page):
    peaks, drift = page.evaluate(PEAK), card(page, "phase drift of the fundamental")
    before = page.locator(".ex-measures img").get_attribute("src")
    old = key(page)
    setting(page, "output", "source.phase").select_option("bfloat16")
    settle(page, old)
    after = page.evaluate(PEAK)
    assert after[0] == pytest.approx(peaks[0])
    assert abs(after[1] - peaks[1]) > 1e-3 and after[2] > 2 * peaks[2]
    assert page.locator(".ex-measures img").get_attribute("src") != before
    assert float(card(page, "phase drift of the fundamental")) > 5 * float(drift)
    status = page.locator(".ex-bar [role=status]").inner_text()
    assert status.startswith("shown: lightning-v2-")


def test_python_reads_back_what_was_chosen_in_the_page(page):
    old = key(page)
    setting(page, "fidelity", "decoder.blocks.1.up").select_option("HiFi3")
    settle(page, old)
    page.get_by_label("mark decoder.norm", exact=True).check()
    printed = run_cell(page, page.locator(".jp-CodeCell").count() - 1)
    fidelity, other, marked, same, peak, _ = printed.split()
    assert (fidelity, other, marked, same) == ("HiFi3", "LoFi", "['decoder.norm']", "True")
    # What is heard is what Python has, to the 16 bits in which it travels.
    assert page.evaluate(PEAK)[1] == pytest.approx(float(peak), abs=2**-15)


def test_only_the_last_of_quick_changes_stays_and_the_page_stays_awake(page):
    old = key(page)
    # Every state of which something is drawn, until nothing more is computed.
    seen = page.evaluate(
        """async () => {
      const control = document.querySelector('[aria-label="fidelity of decoder.blocks.2.up"]');
      const layers = document.querySelector('.ex-layers');
      const bar = document.querySelector('.ex-bar');
      const old = layers.dataset.key;
      const drawn = new Set();
      const frame = () => new Promise(requestAnimationFrame);
      for (const value of ['HiFi2', 'HiFi3', 'HiFi2', 'HiFi4']) {
        control.value = value;
        control.dispatchEvent(new Event('change'));
        await frame();
      }
      let [frames, stale] = [0, false];
      while (layers.dataset.key === old || bar.getAttribute('aria-busy') !== 'false') {
        for (const part of document.querySelectorAll('.ex-part')) drawn.add(part.dataset.key);
        const marked = layers.classList.contains('ex-stale');
        stale ||= marked && layers.textContent.includes('out of date');
        frames += 1;
        await frame();
      }
      return { drawn: [...drawn], frames, stale, value: control.value };
    }"""
    )
    page.wait_for_function(SETTLED, timeout=WAIT_MS)
    assert set(seen["drawn"]) <= {old, key(page)}
    assert seen["frames"] > 5
    assert seen["stale"] is True
    assert seen["value"] == "HiFi4"
    assert run_cell(page, page.locator(".jp-CodeCell").count() - 1).startswith("LoFi HiFi4 [] True")


def test_a_search_and_a_setting_for_all_that_is_shown(page):
    page.get_by_label("search: a part of a name, or a glob").fill("encoder.layers.*.up")
    assert page.locator(".ex-sites tbody tr:visible").count() == 3
    old = key(page)
    page.get_by_label("weights of all marked or shown sites").select_option("bfloat16")
    settle(page, old)
    assert setting(page, "weights", "encoder.layers.0.up").input_value() == "bfloat16"
    page.get_by_label("search: a part of a name, or a glob").fill("")
    page.get_by_label("changed only").check()
    assert page.locator(".ex-sites tbody tr:visible").count() == 3
    page.get_by_label("changed only").uncheck()
    assert "3 sites changed" in page.locator(".ex-facts caption").inner_text()


def test_an_impossible_plan_is_said_and_the_setting_goes_back(page):
    before = page.evaluate(PEAK)
    page.get_by_label("search: a part of a name, or a glob").fill("source.phase")
    page.get_by_label("output of all marked or shown sites").select_option("bfloat8_b")
    alert = page.locator(".ex-bar [role=alert]").first
    told(page, "cannot be")
    assert "only uint32, float32, bfloat16" in alert.inner_text()
    assert setting(page, "output", "source.phase").input_value() == "uint32"
    assert page.evaluate(PEAK) == before
    page.get_by_label("sentence (your own, or one of the list)").fill("")
    page.keyboard.press("Enter")
    told(page, "nothing to say")
    page.get_by_label("sentence (your own, or one of the list)").fill("Ships.")
    old = key(page)
    page.keyboard.press("Enter")
    settle(page, old)
    assert alert.inner_text() == ""
    assert page.evaluate(f"{SOUND}[0].duration") < 2


def test_keyboard_only(page):
    page.get_by_label("search: a part of a name, or a glob").focus()
    page.keyboard.type("decoder.norm")
    for _ in range(20):
        if page.evaluate("document.activeElement.closest('tr')?.dataset.site") == "decoder.norm":
            break
        page.keyboard.press("Tab")
    page.keyboard.press(" ")
    assert page.get_by_label("mark decoder.norm", exact=True).is_checked()
    fidelity = setting(page, "fidelity", "decoder.norm")
    for _ in range(6):
        if fidelity.evaluate("(control) => control === document.activeElement"):
            break
        page.keyboard.press("Tab")
    width = "getComputedStyle(document.activeElement).outlineWidth"
    assert page.evaluate(width) != "0px"
    old = key(page)
    page.keyboard.press("Home")  # LoFi is the first
    settle(page, old)
    assert fidelity.input_value() == "LoFi"
    changed = key(page)
    page.keyboard.press("Control+z")
    settle(page, changed)
    assert key(page) == old
    assert fidelity.input_value() == "HiFi4"


def test_two_tries_compared_in_the_page(page):
    old = key(page)
    setting(page, "output", "source.phase").select_option("float32")
    settle(page, old)
    current = page.locator(".ex-history tr[aria-current=true] input[data-side=second]")
    page.locator(".ex-history input[data-side=first]").first.check()
    current.check()
    table = page.locator(".ex-contrast table").nth(1)
    table.wait_for()
    assert table.locator("tbody tr").all_inner_texts() == ["source.phase\toutput\tuint32\tfloat32"]


def test_a_blind_trial_is_judged_by_the_kernel(page):
    cells = page.locator(".jp-Cell").count()
    progress = page.locator(".abx-progress")

    def answer():
        before = progress.inner_text()
        for pressed in ("x", "ArrowLeft", "Enter"):
            page.keyboard.press(pressed)
        page.wait_for_function(
            "(old) => document.querySelector('.abx-progress').textContent !== old", arg=before
        )

    page.locator(".abx-test").focus()
    answer()  # training
    page.get_by_role("button", name="Start the test").click()
    page.wait_for_function(
        "document.querySelector('.abx-progress').textContent === 'Trial 1 of 16'"
    )
    answer()
    assert progress.inner_text() == "Trial 2 of 16"
    assert page.locator(".jp-Cell").count() == cells
    answered = run_cell(page, page.locator(".jp-CodeCell").count() - 1).split()[-1]
    assert answered == "1"


def test_lab_got_no_key_that_was_meant_for_the_table(page):
    cells = page.locator(".jp-Cell").count()
    page.locator(".ex-sites tbody tr").first.focus()
    for pressed in ("a", "b", "d", "d", "x", "ArrowDown", "Home", "End"):
        page.keyboard.press(pressed)
    assert page.locator(".jp-Cell").count() == cells
    site = page.evaluate("document.activeElement.dataset.site")
    assert site == "vocoder.inverse_sines"


def test_every_control_has_a_name(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.explorer :is(input, select, button)')]
          .filter((one) => !one.labels?.length && !one.ariaLabel && !one.textContent).length"""
    )
    assert nameless == 0
    pictures = page.evaluate(
        """() => [...document.querySelectorAll('.ex-plot')].map((one) =>
          (one.alt ?? one.ariaLabel).length)"""
    )
    assert len(pictures) == 5 and min(pictures) > 40
    assert np.isfinite(float(card(page, "PESQ-WB")))
