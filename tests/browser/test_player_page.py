"""The player in a page without a kernel, in a real browser."""

import numpy as np
import pytest

from widgets import ABPlayer, Clip
from widgets.static import widget_html

RATE = 24000
SHELL = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><body>"


def tone(hz, amplitude, seconds=2.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype("f4")


@pytest.fixture
def player(visit, tmp_path):
    """A page with two players of three clips."""
    reference, candidate = tone(220, 0.5), tone(220, 0.25)
    clips = [
        Clip("reference", reference, RATE),
        Clip("naive", candidate, RATE, note="emulated"),
        Clip.difference(reference, candidate, RATE),
    ]
    short = [Clip("short", tone(440, 0.1, 0.3), RATE), Clip("shorter", tone(440, 0.1, 0.2), RATE)]
    widgets = (ABPlayer(clips, label="one"), ABPlayer(short, label="two"))
    page = tmp_path / "page.html"
    page.write_text(SHELL + "".join(widget_html(widget.get_state()) for widget in widgets))
    seen = visit(page)
    seen.page.wait_for_function("document.querySelectorAll('.ab-player[data-ready]').length === 2")
    yield seen
    assert seen.errors == []
    assert seen.requests == []


def pressed(seen):
    buttons = seen.page.locator(".ab-player").first.locator(".ab-clip")
    return [buttons.nth(i).get_attribute("aria-pressed") for i in range(buttons.count())]


def gains(seen):
    return seen.player("deck.voices.map((voice) => voice.gain.gain.value)")


def test_decoded_samples_are_those_that_were_sent(player):
    peaks = player.player(
        "deck.buffers.map((b) => Math.max(...b.getChannelData(0).slice(0, 4800)))"
    )
    assert peaks == pytest.approx([0.5, 0.25, 0.25], abs=1e-4)
    assert player.player("deck.buffers.map((b) => b.sampleRate)") == [RATE] * 3


def test_nothing_sounds_before_a_click(player):
    assert player.player("deck.playing") is False
    assert player.player("deck.context === undefined") is True
    assert pressed(player) == ["true", "false", "false"]


def test_plays_switches_without_a_gap_and_stops(player):
    page = player.page
    play = page.locator(".ab-play").first
    play.click()
    page.wait_for_timeout(300)
    assert player.player("[deck.playing, deck.context.state]") == [True, "running"]
    assert play.get_attribute("aria-pressed") == "true"
    assert play.get_attribute("aria-label") == "Stop"
    before = player.player("deck.position")
    assert before > 0.1
    page.get_by_role("button", name="naive").click()
    page.wait_for_timeout(100)
    assert pressed(player) == ["false", "true", "false"]
    assert gains(player) == pytest.approx([0, 1, 0], abs=1e-3)
    assert before < player.player("deck.position") < before + 1.0
    assert player.player("new Set(deck.voices.map((v) => v.source.context)).size") == 1
    assert page.locator(".ab-note").first.inner_text() == "emulated"
    play.click()
    assert player.player("deck.playing") is False
    assert player.player("deck.position") > before


def test_difference_is_played_with_the_gain_it_states(player):
    page = player.page
    page.locator(".ab-play").first.click()
    page.get_by_role("button", name="difference").click()
    page.wait_for_timeout(100)
    assert gains(player) == pytest.approx([0, 0, 10 ** (6 / 20)], abs=1e-3)
    assert "+6 dB" in page.locator(".ab-note").first.inner_text()


def test_keys_work_and_do_not_reach_the_notebook(player):
    page = player.page
    page.evaluate(
        "window.leaked = []; document.body.addEventListener('keydown', (e) => leaked.push(e.key))"
    )
    page.locator(".ab-player").first.focus()
    page.keyboard.press("3")
    assert pressed(player) == ["false", "false", "true"]
    page.keyboard.press("ArrowUp")
    assert pressed(player) == ["false", "true", "false"]
    page.keyboard.press("9")
    assert pressed(player) == ["false", "true", "false"]
    page.keyboard.press(" ")
    page.wait_for_timeout(100)
    assert player.player("deck.playing") is True
    page.get_by_role("button", name="reference").focus()
    page.keyboard.press(" ")
    assert player.player("deck.playing") is False
    assert pressed(player) == ["false", "true", "false"]
    page.keyboard.press("a")
    assert page.evaluate("leaked") == ["a"]


def test_position_is_a_slider(player):
    page = player.page
    slider = page.get_by_label("Position in seconds").first
    slider.fill("1.5")
    assert player.player("deck.position") == pytest.approx(1.5)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert player.player("deck.position") == pytest.approx(1.49)
    assert page.locator(".ab-time").first.inner_text() == "1.49 / 2.00 s"


def test_ends_with_the_longest_clip_and_starts_again(player):
    page = player.page
    page.locator(".ab-play").nth(1).click()
    page.wait_for_timeout(150)
    assert player.player("deck.playing", 1) is True
    page.wait_for_function("!document.querySelectorAll('.ab-player')[1].deck.playing")
    assert player.player("deck.position", 1) == 0
    assert page.locator(".ab-play").nth(1).get_attribute("aria-label") == "Play"


def test_one_player_at_a_time(player):
    page = player.page
    page.locator(".ab-play").first.click()
    page.locator(".ab-play").nth(1).click()
    assert player.player("deck.playing") is False
    assert player.player("deck.playing", 1) is True


def test_roles(player):
    page = player.page
    assert page.get_by_role("group", name="one").count() == 1
    assert page.locator(".ab-wave").first.evaluate("(c) => c.width") > 100
