"""Clips of a player in a real browser: replaced, saved, drawn, and many at once."""

import json

import matplotlib
import numpy as np
import pytest
import soundfile

from lightning_v2.analysis.metrics.sound.spectrogram import spectrogram
from tests.browser.players import PHONE, RATE, pressed, three_clips, tone
from widgets import ABPlayer, Clip
from widgets.player.wav import read_wav_base64
from widgets.source import source

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
    code = source("player/sound.js", "player/timeline.js", "player/pictures.js")
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
