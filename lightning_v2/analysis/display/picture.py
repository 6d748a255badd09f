"""A figure as a notebook and a page show it: light and dark, with words for who cannot see it."""

import base64
import html
import io
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from lightning_v2.analysis.display.figure_data import DATA_TYPE, Data, bundle
from lightning_v2.files import check_output, write_output

DPI = 132

FIGURE_FILE = (
    (".png", *(f".{kind}" for kind in FigureCanvasBase.filetypes if kind != "png")),
    "a figure",
)
"""Suffixes and kind of what `Picture.save` writes, for `files.check_output`."""


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not data."""

    paper: str
    ink: str
    line: str


LIGHT = Theme(paper="#ffffff", ink="#24292f", line="#8b949e")
DARK = Theme(paper="#15181d", ink="#d6dbe1", line="#6b7480")


@dataclass(frozen=True)
class Picture:
    """A matplotlib figure that displays itself.

    Attributes:
        figure: without pyplot, so that it may be drawn on any thread.
        alt: what it shows, in words and with its most important numbers.
        caption: provenance and units, shown below.
        data: what is drawn, for who wants to draw it otherwise.
    """

    figure: Figure
    alt: str
    caption: str
    data: Data

    def image(self, theme: Theme = LIGHT) -> bytes:
        """The figure in the colours of a theme, as WebP: noisy spectra take a third of a PNG."""
        _paint(self.figure, theme)
        drawn, small = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=DPI, facecolor=theme.paper)
        Image.open(drawn).convert("RGB").save(small, "WEBP", quality=88)
        return small.getvalue()

    def save(self, path: str | Path) -> None:
        """Write a file in light colours, PNG or whatever the name says; see `files.write_output`.

        Raises:
            ArgumentError: matplotlib draws nothing that a file of such a name holds.
            OSError: if the folder does not exist or cannot be written.
        """
        check_output(path, *FIGURE_FILE)
        _paint(self.figure, LIGHT)
        drawn, kind = io.BytesIO(), Path(path).suffix[1:].lower() or "png"
        self.figure.savefig(drawn, format=kind, dpi=DPI, facecolor=LIGHT.paper)
        write_output(path, drawn.getvalue())

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {
            "text/plain": repr(self),
            "text/html": self._html(),
            DATA_TYPE: bundle(self.data),
        }

    def _html(self) -> str:
        light, dark = (base64.b64encode(self.image(theme)).decode() for theme in (LIGHT, DARK))
        return (
            '<figure class="picture" style="margin:0;overflow-x:auto"><picture>'
            f'<source media="(prefers-color-scheme: dark)" srcset="data:image/webp;base64,{dark}">'
            f'<img alt="{html.escape(self.alt)}" src="data:image/webp;base64,{light}"'
            ' style="width:100%;min-width:720px;max-width:860px;height:auto">'
            f"</picture><figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"Picture: {self.alt} ({self.caption})"


@dataclass(frozen=True)
class Note:
    """Words in the place of a picture that cannot be drawn."""

    text: str

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>"

    def __repr__(self) -> str:
        return self.text


def _paint(figure: Figure, theme: Theme) -> None:
    for text in figure.findobj(Text):
        text.set_color(theme.ink)
    for axes in figure.axes:
        axes.set_facecolor(theme.paper)
        axes.tick_params(which="both", color=theme.line, labelcolor=theme.ink)
        for spine in axes.spines.values():
            spine.set_edgecolor(theme.line)
        legend = axes.get_legend()
        if legend:
            legend.get_frame().set(facecolor=theme.paper, edgecolor=theme.line)
