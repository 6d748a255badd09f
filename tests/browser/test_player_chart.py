"""The chart of a player in a real browser: marks are clips, and are heard."""

import pytest

from tests.browser.players import PHONE, RATE, gains, note, tone
from widgets import ABPlayer, Clip

PANEL = {"small": "2 sites", "columns": ["HiFi4", "LoFi"], "series": 1}


def mark(clip, column, value, kept):
    words = f"clip {clip}: {value} of its limit"
    return {
        "clip": clip, "column": column, "series": 0, "colour": "#009e73", "value": value,
        "kept": kept, "words": words,
    }  # fmt: skip


CHART = {
    "axis": "used of the nearest limit",
    "range": [0.03, 100],
    "limit": 1.0,
    "series": [{"name": "bfloat8_b", "colour": "#009e73"}],
    "caption": "emulated",
    "panels": [
        {"title": "front end", **PANEL, "marks": [mark(1, 0, 0.1, True), mark(2, 1, 10, False)]},
        {"title": "decoder", **PANEL, "marks": [mark(3, 0, 0.0, True), mark(4, 1, None, False)]},
    ],
}


@pytest.fixture
def charted(open_players):
    def opened(**options):
        clips = [Clip(f"clip {n}", tone(220, 0.1 * n), RATE, note=f"note {n}") for n in range(1, 5)]
        reference = Clip("reference", tone(220, 0.5), RATE)
        return open_players(ABPlayer([reference, *clips], label="chart", chart=CHART), **options)

    return opened


def marks(seen):
    return seen.page.locator(".ab-mark")


def pressed(seen):
    return [one.get_attribute("aria-pressed") for one in marks(seen).all()]


def test_a_mark_that_is_clicked_is_heard(charted):
    seen = charted()
    seen.page.get_by_role("button", name="clip 2: 10 of its limit, broken").click()
    seen.page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.05")
    seen.page.wait_for_timeout(50)
    assert gains(seen) == pytest.approx([0, 0, 1, 0, 0], abs=1e-3)
    assert pressed(seen) == ["false", "true", "false", "false"]
    assert note(seen) == "note 2"
    marks(seen).nth(3).click()  # another one while it plays
    seen.page.wait_for_timeout(50)
    assert gains(seen) == pytest.approx([0, 0, 0, 0, 1], abs=1e-3)
    assert seen.player("deck.playing") is True


def labels(seen):
    shown = seen.page.locator(".ab-clip:visible").all_inner_texts()
    return [words.split("\n")[0].strip() for words in shown]


def test_of_the_clips_the_reference_and_the_one_that_is_heard_have_buttons(charted):
    seen = charted()
    assert labels(seen) == ["reference"]
    marks(seen).nth(0).click()
    assert labels(seen) == ["reference", "clip 1"]


def test_a_bar_is_as_high_as_its_value_and_says_on_which_side_of_the_limit_it_is(charted):
    seen = charted()
    limit = seen.page.locator(".ab-limit").first.evaluate("(e) => parseFloat(e.style.bottom)")
    heights = [
        float(one.evaluate("(e) => parseFloat(e.style.getPropertyValue('--height'))"))
        for one in marks(seen).all()
    ]
    assert heights[2] == 0 < heights[0] < limit < heights[1] < heights[3] == 100
    assert [one.inner_text() for one in marks(seen).all()] == ["", "✕", "", "✕"]


def test_one_stop_for_the_tab_key_and_arrows_from_there(charted):
    seen = charted()
    assert [one.get_attribute("tabindex") for one in marks(seen).all()] == ["0", "-1", "-1", "-1"]
    marks(seen).nth(0).focus()
    seen.page.keyboard.press("ArrowDown")
    seen.page.keyboard.press("ArrowDown")
    assert pressed(seen) == ["false", "true", "false", "false"]
    focused = seen.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "clip 2: 10 of its limit, broken"
    assert [one.get_attribute("tabindex") for one in marks(seen).all()] == ["-1", "0", "-1", "-1"]


def test_fits_a_phone(charted):
    seen = charted(**PHONE)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 375
    assert all(one.bounding_box()["width"] >= 24 for one in marks(seen).all())


def test_a_player_without_a_chart_has_none(player):
    assert player.page.locator(".ab-chart:visible").count() == 0
    assert player.page.locator(".ab-player").first.locator(".ab-clip:visible").count() == 3
