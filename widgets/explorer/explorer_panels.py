"""The parts of an explorer that a browser draws. They show what they are given and send what is
asked for; each message has a `kind`."""

import anywidget
import traitlets

from widgets.source import source

EXPLORER_SCRIPTS = ("kernel.js", "explorer/explorer_dom.js", "explorer/explorer_part.js")
"""What every part begins with."""


class ExplorerBar(anywidget.AnyWidget):
    """Choices, how it goes, coverage and cost.

    Messages: "set" (fields), "undo", "redo", "exact", "cancel", "save" (path, agreed), "dismiss".

    Attributes:
        choices: what is chosen, and from what.
        status: busy, messages, whether one can undo; `sound_stale`: the player is out of date;
            `question`: to be answered before a plan is saved; `unheard`: which changes nobody can
            hear.
        facts: as `explorer_facts.facts`.
        cost: as `explorer_cost.shown`.
    """

    _esm = source(*EXPLORER_SCRIPTS, "explorer/explorer_bar.js")
    _css = source("explorer/explorer.css")

    choices = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    cost = traitlets.Dict().tag(sync=True)


class ExplorerBoard(anywidget.AnyWidget):
    """Measures and pictures, as `explorer_views` makes them.

    Messages: "focus" (site).

    Attributes:
        measures: cards, and the phase.
        sound: waveforms, and the difference of the spectrograms.
        layers: errors of the sites.
        current: key of the state of now; parts of another one are marked.
    """

    _esm = source(*EXPLORER_SCRIPTS, "explorer/explorer_board.js")
    _css = source("explorer/explorer.css", "explorer/explorer_board.css")

    measures = traitlets.Dict().tag(sync=True)
    sound = traitlets.Dict().tag(sync=True)
    layers = traitlets.Dict().tag(sync=True)
    current = traitlets.Unicode().tag(sync=True)


class ExplorerHistory(anywidget.AnyWidget):
    """What was tried, and two of the tries compared.

    Messages: "back" (number), "contrast" (first, second).

    Attributes:
        trials: columns and a row a trial, and the key of the state of now.
        contrast: as `explorer_measures.contrast`, with the numbers `first` and `second`.
    """

    _esm = source(*EXPLORER_SCRIPTS, "explorer/explorer_history.js")
    _css = source("explorer/explorer.css")

    trials = traitlets.Dict().tag(sync=True)
    contrast = traitlets.Dict().tag(sync=True)
