"""An explorer with the shipped voice and without a browser: messages in, traits out."""

from dataclasses import dataclass

from widgets import PrecisionExplorer
from widgets.explorer import explorer_cost
from widgets.player.wav import read_wav_base64

TEXT = "Seven ships."
VOICE = "lark"
WAIT_S = 120


@dataclass(frozen=True)
class Found:
    """A cost whose figures a test has chosen."""

    latency_s: float
    seconds_each: float = 2.7

    def streams(self, bound_s: float) -> int:
        return round(bound_s / self.latency_s)


def costs(tell):
    return explorer_cost.Costs(tell, lambda asked: Found(len(asked.name) / 1e3), calm_s=0.0)


def opened(text=TEXT, plan="bf16", costs=costs):
    return PrecisionExplorer(text, plan, voice=VOICE, costs=costs)


def send(explorer, kind, **content):
    """As a browser would."""
    explorer._table._handle_custom_msg({"kind": kind, **content}, [])


def part(explorer, name):
    return next(part for part in explorer.parts if type(part).__name__ == name)


def waves(explorer):
    """What the player has: reference, candidate, difference."""
    return [read_wav_base64(clip["wav"])[0] for clip in part(explorer, "ABPlayer").clips]


def keys(explorer):
    """The states that the parts show, and the one of now."""
    board, table = part(explorer, "ExplorerBoard"), part(explorer, "SiteTable")
    shown = {board.sound["key"], board.measures["key"], board.layers["key"], table.errors["key"]}
    return shown, part(explorer, "ExplorerBar").status["key"]
