"""Players in a page without a kernel: what their tests share."""

import numpy as np

from widgets import Clip

RATE = 24000
SHELL = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>t</title>"
    '<meta name="viewport" content="width=device-width, initial-scale=1"><body>'
)
PHONE = {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True}


def tone(hz, amplitude, seconds=2.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype("f4")


def three_clips():
    reference, candidate = tone(220, 0.5), tone(220, 0.25)
    return [
        Clip("reference", reference, RATE),
        Clip("naive", candidate, RATE, note="emulated"),
        Clip.difference(reference, candidate, RATE),
    ]


def pressed(seen):
    buttons = seen.page.locator(".ab-player").first.locator(".ab-clip")
    return [buttons.nth(i).get_attribute("aria-pressed") for i in range(buttons.count())]


def gains(seen):
    return seen.player("deck.voices.map((voice) => voice.gain.gain.value)")


def note(seen):
    return seen.page.locator(".ab-note").first.inner_text()
