"""The player in a page without a kernel, in a real browser: what is heard, and what moves it."""

import numpy as np
import pytest

from tests.browser.players import RATE, gains, note, pressed, tone
from widgets import ABPlayer, Clip

# Keeps every sample that reaches the loudspeaker, from the thread that makes it.
RECORDER = """
async (deck) => {
  const kept = [];
  window.recorded = () => kept.flatMap((piece) => [...piece]);
  const script = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; }
  });`;
  deck.context = new AudioContext({ sampleRate: deck.buffers[0].sampleRate });
  await deck.context.audioWorklet.addModule("data:text/javascript," + encodeURIComponent(script));
  const tap = new AudioWorkletNode(deck.context, "tap");
  tap.port.onmessage = ({ data }) => kept.push(data);
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to === deck.context.destination) connect.call(this, tap);
    return connect.call(this, to, ...more);
  };
}
"""


def record(seen):
    seen.page.evaluate(
        f"(async () => {{ await ({RECORDER})(document.querySelector('.ab-player').deck); }})()"
    )


def recorded(seen):
    """What was played, from its first to its last sample that is not zero."""
    samples = np.array(seen.page.evaluate("recorded()"))
    there = np.flatnonzero(samples)
    return samples[there[0] : there[-1] + 1]


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


def test_plays_switches_and_stops(player):
    page = player.page
    play = page.locator(".ab-play").first
    play.click()
    page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.1")
    assert player.player("[deck.playing, deck.context.state]") == [True, "running"]
    assert play.get_attribute("aria-pressed") == "true"
    assert play.get_attribute("aria-label") == "Stop"
    before = player.player("deck.position")
    page.get_by_role("button", name="naive").click()
    page.wait_for_timeout(100)
    assert pressed(player) == ["false", "true", "false"]
    assert gains(player) == pytest.approx([0, 1, 0], abs=1e-3)
    assert before < player.player("deck.position") < before + 1.0
    assert player.player("new Set(deck.voices.map((v) => v.source.context)).size") == 1
    assert note(player) == "emulated"
    play.click()
    assert player.player("deck.playing") is False
    assert player.player("deck.position") > before


def test_switching_leaves_no_gap_and_no_jump_in_what_is_heard(player):
    record(player)
    page = player.page
    page.locator(".ab-play").first.click()
    for name in ("naive", "reference", "naive", "reference"):
        page.wait_for_timeout(120)
        page.get_by_role("button", name=name).click()
    page.wait_for_timeout(120)
    page.locator(".ab-play").first.click()
    page.wait_for_timeout(100)
    heard = recorded(player)
    assert len(heard) > 0.5 * RATE
    # A tone of 220 Hz between 0.25 and 0.5 all the time, in one phase: its quadrature is a level.
    middle = np.arange(480, len(heard) - 960)
    phasor = np.exp(-2j * np.pi * 220 * np.arange(len(heard)) / RATE) * heard
    cycles = 2 * np.convolve(phasor, np.ones(1200) / 1200, "valid")[: len(middle)]
    # A machine that is busy may lose a render quantum; a gap of 10 ms is one that somebody made.
    assert np.abs(cycles).min() > 0.2
    assert np.abs(cycles).max() < 0.51
    assert np.ptp(np.angle(cycles / cycles[0])) < 0.03
    assert np.abs(np.diff(heard[:-960])).max() < 0.5 * 2 * np.pi * 220 / RATE * 1.1


def test_loop_stays_inside_its_region(open_players):
    ramp = np.linspace(0.01, 0.5, 2 * RATE, dtype="f4")
    seen = open_players(ABPlayer([Clip("time", ramp, RATE, float32=True)]))
    record(seen)
    page = seen.page
    page.locator(".ab-seek").fill("0.8")
    page.locator(".ab-player").focus()
    page.keyboard.press("[")
    page.locator(".ab-seek").fill("1")
    page.keyboard.press("]")
    assert seen.player("deck.region") == pytest.approx([0.8, 1.0])
    assert page.locator(".ab-span").inner_text() == "0.80–1.00 s"
    page.keyboard.press(" ")
    page.wait_for_timeout(900)
    assert 0.8 <= seen.player("deck.position") <= 1.0
    page.keyboard.press(" ")
    page.wait_for_timeout(100)
    heard = recorded(seen)
    assert len(heard) > 0.6 * RATE
    assert heard.max() <= ramp[int(1.0 * RATE)]
    # Only the 5 ms at both ends, which fade, are below what the region begins with.
    assert np.mean(heard < ramp[int(0.8 * RATE)] * 0.99) < 0.08


def test_loop_by_keyboard(player):
    page = player.page
    page.locator(".ab-player").first.focus()
    page.keyboard.press("l")
    assert player.player("[deck.looping, deck.region]") == [True, [0, 2]]
    assert page.locator(".ab-loop").first.is_checked()
    page.keyboard.press("l")
    assert player.player("deck.looping") is False
    page.keyboard.press("Escape")
    assert player.player("deck.region") is None
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert player.player("deck.position") == pytest.approx(0.2)
    page.keyboard.press("]")
    assert player.player("[deck.looping, deck.region]") == [True, pytest.approx([0, 0.2])]


def test_loop_by_pointer(player):
    page = player.page
    box = page.locator(".ab-plot").first.bounding_box()

    def point(share):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 40)

    point(0.5)
    page.mouse.down()
    point(0.4)
    point(0.25)
    page.mouse.up()
    assert player.player("deck.region") == pytest.approx([0.5, 1.0], abs=0.01)
    assert player.player("deck.looping") is True
    point(0.3)
    page.mouse.down()
    page.mouse.up()
    assert player.player("deck.position") == pytest.approx(0.6, abs=0.01)
    assert player.player("deck.looping") is True
    point(0.75)
    page.mouse.down()
    page.mouse.up()
    assert player.player("deck.position") == pytest.approx(1.5, abs=0.01)
    assert player.player("deck.looping") is False


def test_difference_is_played_with_the_gain_it_states(player):
    page = player.page
    page.locator(".ab-play").first.click()
    assert not page.locator(".ab-gain").first.is_visible()
    page.get_by_role("button", name="difference").click()
    page.wait_for_timeout(100)
    assert gains(player) == pytest.approx([0, 0, 10 ** (6 / 20)], abs=1e-3)
    assert "played +6 dB" in note(player)
    page.keyboard.press("-")
    page.wait_for_timeout(100)
    assert gains(player) == pytest.approx([0, 0, 1], abs=1e-3)
    assert "played 0 dB" in note(player)


def test_gain_stops_where_it_would_clip(player):
    page = player.page
    page.get_by_role("button", name="difference").click()
    for _ in range(5):
        page.keyboard.press("+")
    assert "played +12 dB; more would clip" in note(player)  # 0.25 + 12 dB is 0.995
    slider = page.get_by_label("Gain in dB").first
    assert slider.get_attribute("max") == "12"
    assert page.locator(".ab-player output").first.inner_text() == "+12 dB"
    slider.fill("0")
    assert "played 0 dB" in note(player)
    page.get_by_role("button", name="naive").click()
    page.keyboard.press("+")
    assert player.player("deck.levels") == [1, 1, 1]


def test_levels_are_matched_only_on_request_and_said(player):
    page = player.page
    assert player.player("deck.levels") == pytest.approx([1, 1, 10 ** (6 / 20)])
    page.get_by_label("match levels").first.check()
    assert player.player("deck.levels") == pytest.approx([1, 2, 10 ** (6 / 20)], rel=0.01)
    changes = page.locator(".ab-player").first.locator(".ab-change").all_inner_texts()
    assert changes == ["0.0 dB", "+6.0 dB", ""]
    page.get_by_role("button", name="naive").click()
    assert note(player) == "emulated; level-matched: +6.0 dB"
    page.keyboard.press("m")
    assert player.player("deck.levels") == pytest.approx([1, 1, 10 ** (6 / 20)])
    assert note(player) == "emulated"


def test_matching_never_clips(open_players):
    spiky = tone(220, 0.05)
    spiky[1000] = 0.9
    seen = open_players(ABPlayer([Clip("a", tone(220, 0.5), RATE), Clip("spiky", spiky, RATE)]))
    seen.page.get_by_label("match levels").check()
    levels = seen.player("deck.levels")
    assert levels[1] * 0.9 == pytest.approx(1, abs=1e-3)
    assert levels[0] < 0.2
    assert "so that nothing clips" in note(seen)


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
    page.keyboard.press("?")
    assert page.get_by_text("start and end of the loop, here").first.is_visible()
    for key in ("[", "]", "l", "Escape", "m", "+", "-", "ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("a")
    page.keyboard.press("Escape")  # no loop left that it could mean
    assert page.evaluate("leaked") == ["a", "Escape"]


def test_space_on_a_switch_switches_it(player):
    page = player.page
    page.get_by_label("match levels").first.focus()
    page.keyboard.press(" ")
    assert page.get_by_label("match levels").first.is_checked()
    assert player.player("deck.playing") is False


def test_position_is_a_slider(player):
    page = player.page
    slider = page.get_by_label("Position in seconds").first
    slider.fill("1.5")
    assert player.player("deck.position") == pytest.approx(1.5)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert player.player("deck.position") == pytest.approx(1.4)
    assert page.locator(".ab-time").first.inner_text() == "1.40 / 2.00 s"
    page.keyboard.press("Home")
    assert player.player("deck.position") == 0


def test_ends_with_the_longest_clip_and_starts_again(player):
    page = player.page
    page.locator(".ab-play").nth(1).click()
    page.wait_for_timeout(150)
    assert player.player("deck.playing", 1) is True
    page.wait_for_function("!document.querySelectorAll('.ab-player')[1].deck.playing")
    assert player.player("deck.position", 1) == 0
    assert page.locator(".ab-play").nth(1).get_attribute("aria-label") == "Play"


def test_one_player_and_one_audio_context_at_a_time(player):
    page = player.page
    page.locator(".ab-play").first.click()
    page.wait_for_function("document.querySelector('.ab-player').deck.voices.length")
    context = page.evaluate_handle("document.querySelector('.ab-player').deck.context")
    page.locator(".ab-play").nth(1).click()
    page.wait_for_function("(context) => context.state === 'closed'", arg=context)
    assert player.player("[deck.playing, deck.context]") == [False, None]
    assert player.player("deck.playing", 1) is True
