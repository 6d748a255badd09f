"""The pictures of the README, taken from the pages that `make notebooks` has left in build/site.

    .venv/bin/python benchmarks/pictures.py

Opens pages in Chromium, does what a reader could do there, and photographs what then stands in
them: docs/pictures/answer.png (how low each part of the voice may go),
docs/pictures/instrument.png (table of sites and player of the explorer) and
docs/pictures/difference.png (waveforms and spectrograms of three plans against float32). Needs
chromium; seconds.
"""

import argparse
import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from lightning_v2.files import written_whole

ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT = 960, 1400
"""Of the window in CSS pixels: 860 of them hold the text."""
LARGEST = 250_000
"""Bytes that a picture may have."""
GAP = 8
"""Paper between the parts of a picture, in CSS pixels."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "build" / "site", metavar="FOLDER")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "docs" / "pictures", help="where they go"
    )
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        names = (os.environ.get("CHROMIUM", ""), "chromium", "google-chrome")
        found = next(filter(None, map(shutil.which, filter(None, names))), None)
        if not found:
            raise SystemExit("Chromium is missing: sudo apt-get install chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for take in (answer, instrument, difference):
            save(take(browser, args.site), args.folder / f"{take.__name__}.png")
    return 0


def answer(browser: Browser, site: Path) -> list[Image.Image]:
    """The chart of every part, format and fidelity against the limit."""
    with opened(browser, site / "00_answer.html") as page:
        return parts(page, ".ab-chart")


def instrument(browser: Browser, site: Path) -> list[Image.Image]:
    """The table of sites, searched for *.output, and the player of the difference."""
    with opened(browser, site / "00_explore.html") as page:
        page.get_by_placeholder("decoder.blocks.*.up or gelu").fill("*.output")
        page.locator(".ab-player").first.get_by_role("button", name="difference").click()
        return parts(page, ".ex-sites", ".ab-player")


def difference(browser: Browser, site: Path) -> list[Image.Image]:
    """Waveforms of the plans close up, and their spectrograms minus that of the reference."""
    with opened(browser, site / "03_waveform_and_spectrogram.html") as page:
        return parts(
            page,
            'figure.picture:has(img[alt^="Waveforms of"])',
            'figure.picture:has(img[alt^="Spectrogram of the reference"])',
        )


@contextmanager
def opened(browser: Browser, path: Path) -> Iterator[Page]:
    """A page in light colours whose players and tables are ready."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: run make notebooks first")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page.goto(path.resolve().as_uri())
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ab-player, .ex-sites')]"
        ".every((one) => one.hasAttribute('data-ready'))"
    )
    yield page
    page.close()


def parts(page: Page, *selectors: str) -> list[Image.Image]:
    """A photograph of the first thing on a page that each selector finds."""
    shots = []
    for selector in selectors:
        thing = page.locator(selector).first
        thing.scroll_into_view_if_needed()
        page.wait_for_timeout(500)  # canvases are drawn in the frames after
        shots.append(Image.open(io.BytesIO(thing.screenshot())).convert("RGB"))
    return shots


def save(shots: list[Image.Image], target: Path) -> None:
    """Write photographs below each other as one PNG of few colours."""
    width = max(shot.width for shot in shots)
    whole = Image.new("RGB", (width, sum(s.height + GAP for s in shots) - GAP), "white")
    top = 0
    for shot in shots:
        whole.paste(shot, (0, top))
        top += shot.height + GAP
    # Colours spread over all that occur: by their frequency, those of a rare level would be lost.
    few = whole.quantize(192, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    with written_whole(target) as part:
        few.save(part, format="png", optimize=True)
    size = target.stat().st_size
    print(f"{target}: {whole.width} x {whole.height} pixels, {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"{target} is larger than {LARGEST / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
