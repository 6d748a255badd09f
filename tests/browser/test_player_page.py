"""The player in a page without a kernel, in a real browser."""

import json

import matplotlib
import numpy as np
import pytest
import soundfile

from lightning_v2.analysis.spectrogram import spectrogram
from widgets import ABPlayer, Clip
from widgets.source import source
from widgets.static import widget_html
from widgets.wav import read_wav_base64

RATE = 24000
SHELL = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>t</title>"
    '<meta name="viewport" content="width=device-width, initial-scale=1"><body>'
)
PHONE = {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True}
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


def tone(hz, amplitude, seconds=2.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype("f4")


@pytest.fixture
def open_players(visit, tmp_path):
    """open_players(*widgets, **options): a page of players, which must not complain or ask."""
    opened = []

    def open_page(*widgets, **options):
        page = tmp_path / f"page{len(opened)}.html"
        page.write_text(SHELL + "".join(widget_html(widget.get_state()) for widget in widgets))
        seen = visit(page, **options)
        opened.append(seen)
        seen.page.wait_for_function(
            f"document.querySelectorAll('.ab-player[data-ready]').length === {len(widgets)}"
        )
        return seen

    yield open_page
    for seen in opened:
        assert seen.errors == []
        assert seen.requests == []


def three_clips():
    reference, candidate = tone(220, 0.5), tone(220, 0.25)
    return [
        Clip("reference", reference, RATE),
        Clip("naive", candidate, RATE, note="emulated"),
        Clip.difference(reference, candidate, RATE),
    ]


@pytest.fixture
def player(open_players):
    """A page with two players, of three and of two clips."""
    short = [Clip("short", tone(440, 0.1, 1.0), RATE), Clip("shorter", tone(440, 0.1, 0.7), RATE)]
    return open_players(ABPlayer(three_clips(), label="one"), ABPlayer(short, label="two"))


def pressed(seen):
    buttons = seen.page.locator(".ab-player").first.locator(".ab-clip")
    return [buttons.nth(i).get_attribute("aria-pressed") for i in range(buttons.count())]


def gains(seen):
    return seen.player("deck.voices.map((voice) => voice.gain.gain.value)")


def note(seen):
    return seen.page.locator(".ab-note").first.inner_text()


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


REPLACE = """
(states) => {
  const host = document.querySelector(".static-widget");
  host.model.set("clips", states);
  return new Promise((done) => setTimeout(done, 400));
}
"""


def test_clips_are_replaced_while_they_play(open_players):
    seen = open_players(ABPlayer(three_clips(), selected=1))
    page = seen.page
    page.locator(".ab-play").click()
    page.wait_for_function("document.querySelector('.ab-player').deck.position > 0.1")
    context = page.evaluate_handle("document.querySelector('.ab-player').deck.context")
    longer = [Clip("new", tone(220, 0.1, 3.0), RATE), Clip("naive", tone(220, 0.4, 3.0), RATE)]
    before = seen.player("deck.position")
    page.evaluate(REPLACE, [clip.state() for clip in longer])
    assert seen.player("[deck.playing, deck.selected, deck.duration]") == [True, 1, 3]
    assert seen.player("deck.position") > before
    assert page.evaluate(
        "(context) => document.querySelector('.ab-player').deck.context === context", context
    )
    assert pressed(seen) == ["false", "true"]
    page.evaluate(REPLACE, [clip.state() for clip in three_clips()[:1]])
    assert seen.player("[deck.playing, deck.selected]") == [True, 0]
    assert page.evaluate("document.querySelector('.static-widget').model.get('selected')") == 0


def test_what_is_there_already_is_not_decoded_again(open_players):
    seen = open_players(ABPlayer(three_clips()))
    seen.page.evaluate("window.first = document.querySelector('.ab-player').deck.buffers")
    same = three_clips()[0]
    states = [clip.state() for clip in (same, Clip("new", tone(330, 0.2), RATE))]
    seen.page.evaluate(REPLACE, states)
    assert seen.player("[deck.buffers[0] === first[0], deck.buffers[1] === first[1]]") == [
        True,
        False,
    ]
    link = seen.page.locator(".ab-links a").first
    size = "(a) => fetch(a.href).then((r) => r.arrayBuffer()).then((b) => b.byteLength)"
    seen.page.locator(".ab-files summary").click()
    assert link.evaluate(size) == 44 + 2 * len(same.waveform)


def test_clips_that_cannot_be_decoded_are_said_and_the_old_ones_stay(open_players):
    seen = open_players(ABPlayer(three_clips()))
    state = three_clips()[0].state() | {"wav": "AAAA"}
    seen.page.evaluate(REPLACE, [state])
    assert "cannot be played" in seen.page.get_by_role("alert").inner_text()
    assert len(pressed(seen)) == 3


def test_every_clip_can_be_saved_as_it_was_sent(player, tmp_path):
    page = player.page
    page.get_by_text("WAV files").first.click()
    links = page.locator(".ab-player").first.get_by_role("link")
    assert links.all_inner_texts() == ["reference.wav", "naive.wav", "difference.wav"]
    with page.expect_download() as download:
        links.nth(2).click()
    assert download.value.suggested_filename == "difference.wav"
    download.value.save_as(tmp_path / "saved.wav")
    sent = read_wav_base64(three_clips()[2].state()["wav"])[0]
    saved, rate = soundfile.read(tmp_path / "saved.wav", dtype="float32")
    assert rate == RATE
    assert (saved == sent).all()


def test_every_control_has_a_name_and_a_visible_focus(player):
    page = player.page
    page.get_by_role("button", name="difference").click()
    group = page.get_by_role("group", name="one")
    controls = group.locator("button, input, summary, a")
    assert controls.count() >= 10
    names = group.aria_snapshot()
    for line in names.splitlines():
        role = line.strip("- ").split()[0].rstrip(":")
        assert role not in ("button", "slider", "checkbox", "link") or '"' in line, line
    page.evaluate("document.activeElement.blur()")
    seen = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const at = document.activeElement;
            const shown = at.matches(".ab-seek") ? at.parentElement : at;
            return [at.className || at.textContent, getComputedStyle(shown).outlineStyle]; }"""
        )
        assert outline == "solid", name
        seen.add(name)
    assert {"ab-player", "ab-play", "ab-clip", "ab-seek", "ab-loop", "ab-match", "ab-gain"} <= seen


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_thirteen_clips_are_usable(open_players, options):
    clips = [Clip(f"distortion {i}", tone(220, 0.03 * i + 0.01), RATE) for i in range(13)]
    seen = open_players(ABPlayer(clips), **options)
    page = seen.page
    width = options.get("viewport", {"width": 1000})["width"]
    assert page.evaluate("document.querySelector('.ab-player').scrollWidth") <= width
    page.get_by_role("button", name="distortion 12").click()
    assert pressed(seen)[12] == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert pressed(seen)[11] == "true"
    boxes = [page.locator(".ab-clip").nth(i).bounding_box() for i in range(13)]
    assert all(box["height"] >= 40 and box["x"] + box["width"] <= width for box in boxes)


def module(page, expression, argument):
    """Value of a JavaScript expression over `argument` and what the player's scripts define."""
    code = source("sound.js", "timeline.js", "pictures.js")
    code += f"\nexport default (argument) => {expression};"
    text = page.evaluate(
        """async ([code, argument]) => {
          const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
          return JSON.stringify((await import(url)).default(argument));
        }""",
        [code, argument],
    )
    return json.loads(text)


def test_spectrogram_is_that_of_the_figures(player):
    rng = np.random.default_rng(0)
    wave = (tone(43 * RATE / 1024, 0.5, 0.2) + 1e-3 * rng.standard_normal(4800)).astype("f4")
    code = """(({ levels, frames, bins }) => ({ levels: [...levels], frames, bins }))
        (spectrogram(Float32Array.from(argument)))"""
    shown = module(player.page, code, wave.tolist())
    expected = spectrogram(wave, RATE).level_db.T
    levels = np.reshape(shown["levels"], (shown["frames"], shown["bins"]))
    assert levels.shape == expected.shape
    assert np.abs(levels - expected).max() < 0.01
    assert levels.max() == pytest.approx(-6.02, abs=0.1)


def test_colours_are_those_of_the_figures(player):
    shown = module(player.page, "argument.map(cividis)", (np.arange(256) / 255).tolist())
    expected = matplotlib.colormaps["cividis"](np.arange(256))[:, :3] * 255
    assert np.abs(shown - expected).max() < 8


def test_ticks_are_round(player):
    code = "argument.map(([most, count]) => ticks(most, count).map(({ label }) => label))"
    labels = module(player.page, code, [[2.0, 8], [12, 4], [0.3, 5], [61, 8]])
    assert labels[0] == ["0.0", "0.5", "1.0", "1.5", "2.0"]
    assert labels[1] == ["0", "5", "10"]
    assert labels[2] == ["0.0", "0.1", "0.2", "0.3"]
    assert labels[3] == ["0", "10", "20", "30", "40", "50", "60"]


def test_roles_and_pictures(player):
    page = player.page
    assert page.get_by_role("group", name="one").count() == 1
    wave = page.get_by_role("img", name="Waveform of reference, largest sample 0.500").first
    assert wave.evaluate("(c) => c.width") > 100
    spectrum = page.get_by_role("img", name="Spectrogram of reference, 0 to 12 kHz").first
    row = spectrum.evaluate(
        """(c) => { const data = c.getContext("2d").getImageData(c.width >> 1, 0, 1, c.height).data;
        return Array.from({ length: c.height }, (_, y) => data[4 * y]); }"""
    )
    assert row.index(max(row)) > 0.95 * len(row)  # 220 Hz is at the bottom, and yellow


def test_still_where_motion_is_not_wanted(open_players):
    seen = open_players(ABPlayer(three_clips()), reduced_motion="reduce")
    seen.page.locator(".ab-play").click()
    seen.page.wait_for_timeout(300)
    frames = seen.page.evaluate(
        """() => new Promise((done) => { let count = 0;
        const watch = new MutationObserver(() => count++);
        watch.observe(document.querySelector(".ab-head"), { attributes: true });
        setTimeout(() => done(count), 1000); })"""
    )
    assert 1 <= frames <= 6
