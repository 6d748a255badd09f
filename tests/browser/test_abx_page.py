"""The blind test in a real browser: alone in a page, and with the kernel's side in this process."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from lightning_v2.model import Speech
from tests.browser.kernel_side import KernelSide, open_page
from tests.browser.players import SHELL
from widgets import ABXTest, Clip
from widgets.abx.abx_statistics import ABXStatistics
from widgets.source import source
from widgets.static import widget_html

RATE = 24000


def make(trials=3, label="Blind test"):
    time = np.arange(RATE) / RATE
    one, other = (np.sin(2 * np.pi * hz * time).astype("f4") * 0.3 for hz in (220, 330))
    clips = Clip("fp32", one, RATE), Clip("naive", other, RATE, note="emulated")
    return ABXTest(*clips, trials, conditions={"text": "Hello."}, label=label)


@pytest.fixture
def alone(visit, tmp_path):
    """alone(test, **options): its page without a kernel."""
    opened = []

    def open_page(test, **options):
        page = tmp_path / "alone.html"
        page.write_text(SHELL + widget_html(test.get_state()))
        opened.append(visit(page, **options))
        opened[-1].page.wait_for_selector(".abx-test[data-ready]")
        return opened[-1].page

    yield open_page
    for seen in opened:
        assert seen.errors == []
        assert seen.requests == []


@pytest.fixture
def live(visit, tmp_path):
    """live(test): the kernel's side of a page that talks to the test."""
    opened = []

    def open_live(test):
        opened.append(open_page(visit, tmp_path))
        side = KernelSide(opened[-1], {"test": test})
        side.page.wait_for_selector(".abx-test[data-ready]")
        return side

    yield open_live
    for seen in opened:
        assert seen.errors == []
        assert seen.requests == []


def x_is(page):
    """What somebody finds who compares samples."""
    return page.evaluate(
        """() => { const [a, b, x] = document.querySelector(".abx-test").deck.buffers
          .map((buffer) => buffer.getChannelData(0));
        const same = (one) => one.every((sample, n) => sample === x[n]);
        return same(a) && !same(b) ? "a" : same(b) && !same(a) ? "b" : "?"; }"""
    )


def progress(page):
    return page.locator(".abx-progress").inner_text()


def answer_by_keys(page, choice):
    before = progress(page)
    page.keyboard.press("x")
    page.keyboard.press("ArrowLeft" if choice == "a" else "ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(before) => document.querySelector('.abx-progress').textContent !== before", arg=before
    )


def take(page, trials, choose=lambda page: "a"):
    """Go through training and the test with the keyboard alone."""
    page.locator(".abx-test").focus()
    answer_by_keys(page, choose(page))
    page.get_by_role("button", name="Start the test").click()
    page.wait_for_function(
        "document.querySelector('.abx-progress').textContent.startsWith('Trial 1')"
    )
    choices = []
    for number in range(1, trials + 1):
        assert progress(page) == f"Trial {number} of {trials}"
        choices.append(choose(page))
        answer_by_keys(page, choices[-1])
    return choices


def saved(page, path):
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the result").click()
    download.value.save_as(path)
    return json.loads(path.read_text())


def keys_of(value):
    """Names in a result, all the way down."""
    if isinstance(value, dict):
        return {name: keys_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [keys_of(value[0])] if value else []
    return None


def test_live_the_kernel_judges_and_both_agree(live, tmp_path):
    test = make(trials=3)
    page = live(test).page
    assert "told what X was" in progress(page)
    page.locator(".abx-test").focus()
    truth = test._session.x
    answer_by_keys(page, truth)
    assert progress(page).startswith(f"Right: X was {truth.upper()}")
    page.get_by_role("button", name="Train once more").click()
    page.wait_for_function("document.querySelector('.abx-progress').textContent.includes('told')")
    take(page, 3, lambda page: test._session.x)
    assert progress(page) == "Done: 3 of 3 right."
    assert test.statistics.correct == 3
    result = saved(page, tmp_path / "abx.json")
    assert result == test.result
    assert result["complete"]
    assert "kernel" in result["key"]
    assert [trial["plays"]["x"] for trial in result["trials"]] == [1, 1, 1]
    assert all(trial["seconds"] > 0 for trial in result["trials"])
    assert len(result["training"]) == 2


def test_live_nothing_in_the_page_names_x(live):
    looks = []
    for truth in "ab":
        test = make()
        test._session._x = truth
        page = live(test).page
        page.locator(".abx-test").focus()
        page.keyboard.press("x")
        page.keyboard.press(" ")
        page.keyboard.press("Home")
        assert x_is(page) == truth
        looks.append(page.locator(".abx-choice, .ab-clip, .abx-progress").all_inner_texts())
        assert str(test._session.seed) not in page.content()
    assert looks[0] == looks[1]
    assert [" ".join(text.split()) for text in looks[0][1:4]] == ["A fp32 a", "B naive b", "X ? x"]


def test_live_page_says_when_no_kernel_answers(live):
    test = make()
    page = live(test).page
    page.evaluate("window.toKernel = async () => []")
    page.get_by_role("button", name="Start the test").click()
    page.get_by_role("alert").wait_for(timeout=15000)
    assert "No kernel answers" in page.get_by_role("alert").inner_text()


def test_alone_the_page_shuffles_judges_and_says_so(alone, tmp_path):
    test = make(trials=6)
    page = alone(test)
    page.get_by_text("how blind is this?").click()
    assert "holds the key" in page.locator(".abx-test").inner_text()
    choices = take(page, 6, x_is)
    assert set(choices) <= {"a", "b"}
    assert progress(page) == "Done: 6 of 6 right."
    assert page.locator(".abx-verdict").inner_text() == (
        "A difference was heard: p = 0.016, below 0.05."
    )
    result = saved(page, tmp_path / "abx.json")
    assert [trial["x"] for trial in result["trials"]] == choices
    assert result["key"].startswith("in the page")
    assert result["statistics"]["p_value"] == pytest.approx(2**-6)
    from_kernel = make(trials=1)
    from_kernel._session.answer(0, "a")
    from_kernel._session.start()
    from_kernel._session.answer(1, "a")
    assert keys_of(result) == keys_of(from_kernel.result)
    assert [result[name]["sha256"] for name in "ab"] == [clip["sha256"] for clip in test.pair]


def test_alone_each_visit_has_its_own_order(alone):
    test = make(trials=1)
    page = alone(test)
    orders = set()
    for _ in range(16):
        page.reload()
        page.wait_for_selector(".abx-test[data-ready]")
        orders.add(x_is(page))
    assert orders == {"a", "b"}


def test_no_answer_without_having_heard_x(alone):
    page = alone(make())
    confirm = page.get_by_role("button", name="Answer")
    page.locator(".abx-test").focus()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("button", name="X is A").get_attribute("aria-pressed") == "true"
    assert confirm.is_disabled()
    page.keyboard.press("Enter")
    assert "told what X was" in progress(page)
    page.keyboard.press("x")
    assert confirm.is_enabled()
    deck = "document.querySelector('.abx-test').deck"
    page.wait_for_function(f"{deck}.voices.length === 3")
    page.wait_for_timeout(50)
    assert page.evaluate(f"[{deck}.selected, {deck}.playing]") == [2, True]
    assert page.evaluate(f"{deck}.voices.map((v) => v.gain.gain.value)") == pytest.approx([0, 0, 1])
    page.keyboard.press("b")
    page.wait_for_timeout(50)
    assert page.evaluate(f"{deck}.voices.map((v) => v.gain.gain.value)") == pytest.approx([0, 1, 0])


def test_running_result_is_hidden_and_called_provisional(alone):
    page = alone(make(trials=3))
    assert not page.locator(".abx-running").is_visible()
    page.get_by_role("button", name="Start the test").click()
    answer_by_keys(page, "a")
    summary = page.locator(".abx-running summary")
    assert summary.inner_text() == "result so far (provisional)"
    assert not page.locator(".abx-figures").is_visible()
    summary.click()
    assert (
        "Only the result after the last trial counts" in page.locator(".abx-running").inner_text()
    )
    assert page.locator(".abx-file").is_hidden()


def test_keys_do_not_reach_the_notebook(alone):
    page = alone(make())
    page.evaluate(
        "window.leaked = []; document.body.addEventListener('keydown', (e) => leaked.push(e.key))"
    )
    page.locator(".abx-test").focus()
    for key in ("a", "b", "x", " ", "ArrowLeft", "ArrowRight", "Enter", "[", "l", "Escape", "?"):
        page.keyboard.press(key)
    page.keyboard.press("d")
    assert page.evaluate("leaked") == ["d"]


def test_every_control_has_a_name(alone):
    page = alone(make())
    for line in page.locator(".abx-test").aria_snapshot().splitlines():
        role = line.strip("- ").split()[0].rstrip(":")
        assert role not in ("button", "slider", "checkbox", "progressbar") or '"' in line, line
    names = page.get_by_role("group", name="Blind test").get_by_role("button").all_inner_texts()
    assert [" ".join(name.split()) for name in names][4:] == [
        "X is A", "X is B", "Answer", "Start the test"
    ]  # fmt: skip


def test_fits_a_phone(alone):
    options = {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True}
    page = alone(make(), **options)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    for box in (button.bounding_box() for button in page.get_by_role("button").all()):
        assert box["height"] >= 40
        assert box["x"] + box["width"] <= 375


def test_statistics_of_page_and_kernel_are_the_same(alone):
    page = alone(make())
    counts = [
        (planned, answered, correct)
        for planned in (1, 2, 5, 10, 16, 24, 200)
        for answered in {0, 1, planned // 2, planned}
        for correct in {0, answered // 2, answered * 3 // 4, answered}
    ]
    code = source("abx/abx_statistics.js") + "\nexport default abxStatistics;"
    shown = page.evaluate(
        """async ([code, counts]) => {
          const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
          const { default: statistics } = await import(url);
          return counts.map((three) => statistics(...three));
        }""",
        [code, counts],
    )
    for three, page_says in zip(counts, shown, strict=True):
        kernel_says = ABXStatistics(*three).to_dict()
        page_says |= page_says.pop("goals")
        kernel_says |= kernel_says.pop("goals")
        assert set(page_says) == set(kernel_says)
        for name, expected in kernel_says.items():
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-9, abs=1e-12)
            assert page_says[name] == expected, (three, name)


class Comparison:
    """As far as a test needs one: a plan that makes a tone of some pitch."""

    reference_name, reference_words, provenance = "fp32", "not emulated", "made up"
    tier, teacher_forced = "fast", True

    def __init__(self, plan, hz):
        time = np.arange(RATE) / RATE
        waves = ((np.sin(2 * np.pi * f * time) * 0.3).astype("f4") for f in (220, hz))
        self.reference, self.candidate = (Speech("Hello.", wave, ("h",)) for wave in waves)
        self.plan = self.reference_plan = SimpleNamespace(name=plan, digest=plan)
        self.candidate_words, self.aligned = f"plan {plan}", False


def test_until_it_begins_it_tests_the_plan_in_hand(live):
    test = ABXTest.of(Comparison("naive", 330), trials=2)
    side = live(test)
    page = side.page
    peaks = "document.querySelector('.abx-test').deck.buffers[1].getChannelData(0).slice(0, 50)"
    before = page.evaluate(f"[...{peaks}]")
    assert test.follow(Comparison("better", 250))
    side.show()
    page.wait_for_selector(".abx-test[data-ready]")
    assert page.locator(".abx-test").count() == 1
    assert page.locator(".abx-test").get_attribute("aria-label").startswith("Blind test: better")
    assert page.evaluate(f"[...{peaks}]") != before
    assert x_is(page) == test._session.x


def test_once_begun_it_keeps_its_plan_and_says_which_is_in_hand(live):
    test = ABXTest.of(Comparison("naive", 330), trials=2)
    side = live(test)
    page = side.page
    other = page.locator(".abx-other")
    assert not other.is_visible()
    page.locator(".abx-test").focus()
    answer_by_keys(page, "a")
    page.get_by_role("button", name="Start the test").click()
    page.wait_for_function("document.querySelector('.abx-progress').textContent === 'Trial 1 of 2'")
    answer_by_keys(page, "a")
    assert not test.follow(Comparison("better", 250))
    side.show()
    assert "better against fp32" in other.inner_text()
    assert progress(page) == "Trial 2 of 2"
    assert test.result["conditions"]["plan"]["name"] == "naive"
    page.get_by_role("button", name="New test with that").click()
    page.wait_for_timeout(100)
    side.show()
    page.wait_for_function(
        "document.querySelector('.abx-progress')?.textContent.startsWith('Training')"
    )
    assert test.result["conditions"]["plan"]["name"] == "better"
    assert (test.statistics.answered, other.is_visible()) == (0, False)


def test_without_its_kernel_a_and_b_are_heard_and_nothing_can_be_answered(live):
    side = live(make())
    page = side.page
    page.keyboard.press("x")
    side.lose()
    assert page.get_by_role("alert").inner_text() == "Kernel gone: run the cell again."
    assert not page.locator(".abx-answers").is_visible()
    assert page.locator(".ab-clip").nth(2).is_disabled()
    sent = list(side.sent)
    for index in range(2):
        page.locator(".ab-clip").nth(index).click()
        page.wait_for_function(
            "(at) => { const { deck } = document.querySelector('.abx-test');"
            " return deck.selected === at && deck.playing && deck.position > 0.05; }",
            arg=index,
        )
    page.keyboard.press("x")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('.abx-test').deck.selected") == 1
    assert side.sent == sent
