"""The laboratory as an instrument: change how a site runs, hear and see at once what it does."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import pandas as pd
from IPython.display import display

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics.endpoints import Run
from lightning_v2.economics.board import board as described
from lightning_v2.economics.sentence import Cost
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.model import Voice
from lightning_v2.model.protocol import only_sentences
from lightning_v2.precision import Plan, presets
from lightning_v2.precision import edit as plan_edit
from lightning_v2.resources import DEFAULT_VOICE, data_path, held_out_texts
from lightning_v2.voices import name_of
from widgets.abx.abx_test import ABXTest
from widgets.explorer import explorer_views as views
from widgets.explorer.explorer_cost import Asked, Costs, asked_for, words
from widgets.explorer.explorer_cost import shown as shown_cost
from widgets.explorer.explorer_facts import facts
from widgets.explorer.explorer_measures import contrast, headline_of, history
from widgets.explorer.explorer_panels import ExplorerBar, ExplorerBoard, ExplorerHistory
from widgets.explorer.explorer_saving import before_saving
from widgets.explorer.explorer_session import Session
from widgets.explorer.explorer_state import State
from widgets.explorer.site_table import SiteTable
from widgets.player.ab_player import ABPlayer

SENTENCES = 8
"""So many of the held-out sentences are offered."""

RUNS: dict[Run, str] = {
    "teacher-forced": "the reference's (teacher-forced)",
    "free-running": "its own (free-running)",
}
"""Run -> whose durations and F0 the candidate has."""


class PrecisionExplorer:
    """Choose, change, listen: controls, a table of sites, a player, pictures, and a history.

        explorer = PrecisionExplorer("Seven silver ships.", "lightning-v2")
        explorer
        explorer.plan, explorer.comparison     # whatever is chosen by now

    The first result is there when the explorer is; later ones are computed in a thread, in the fast
    tier, as soon as nothing has changed for 0.2 s. Everything shown says which state it belongs to,
    and what belongs to an older one is marked.

    Args:
        text: one sentence.
        plan: name or path of the plan to begin with.
        reference: "fp32" for PyTorch float32, not emulated, or a plan.
        voice: a voice, or what `lightning_v2.load` knows it by.
        tier: of the first result.
        seed: of the noise.
        board: that latency and streams are modelled for.
        session, costs: what compute results and modelled costs.

    Attributes:
        session: what is chosen and known, without any widget.

    Raises:
        TextError, PlanError, CheckpointError: see `State.check`.
        ArgumentError: there is no such board.
    """

    def __init__(
        self,
        text: str,
        plan: Plan | str | Path = "lightning-v2",
        reference: str = "fp32",
        voice: Voice | str | Path = DEFAULT_VOICE,
        tier: str = "fast",
        seed: int = 0,
        board: str = "p150",
        session: Callable[[State], Session] = Session,
        costs: Callable[[Callable[[], None]], Costs] = Costs,
    ):
        self._on_board = described(board).name
        first = Plan.of(plan)
        self._bases = {name: name for name in presets()} | {first.name: first}
        self._given_reference = str(reference)
        state = State(text, name_of(voice), str(reference), first, tier=tier, seed=seed)
        self.session = session(state)
        offered = only_sentences(state.speaker) or list(held_out_texts().values())
        self._sentences = list(dict.fromkeys([text, *offered[:SENTENCES]]))
        self._shown: dict[str, object] = {}
        self._question: dict[str, str] | None = None
        self._tests: list[ABXTest] = []
        self._bar, self._table = ExplorerBar(), SiteTable()
        self._board, self._history = ExplorerBoard(), ExplorerHistory()
        shown = self.session.shown
        self._player = ABPlayer(
            views.clips(shown), label=shown.state.words, looping=True, pinned=True
        )
        self._board.sound = views.sound(shown)
        self._shown["sound"] = shown.candidate
        for part in (self._bar, self._table, self._board, self._history):
            part.on_msg(self._hear)
        self._costs = costs(self.session.announce)
        self.session.listen(self._show)
        self._show()

    @property
    def parts(self) -> tuple[anywidget.AnyWidget, ...]:
        """In the order in which they are displayed."""
        return self._bar, self._player, self._table, self._board, self._history

    @property
    def plan(self) -> Plan:
        """The plan of now, changes included."""
        return self.session.state.plan

    @property
    def comparison(self) -> Comparison:
        """What the plan of now does; waits for it."""
        return self.session.wait().comparison

    @property
    def cost(self) -> Cost:
        """What the plan of now takes for its sentence, *modelled*; waits for it.

        Raises:
            ArgumentError: there is none, with the reason.
        """
        asked = self._costs_known()
        found = self._costs.get(asked["now"])
        if isinstance(found, str):
            raise ArgumentError(f"no modelled cost: {found}")
        return found

    @property
    def cost_words(self) -> str:
        """Modelled latency and streams in a line, or why there are none; waits for them."""
        try:
            return words(shown_cost(self._costs_known(), self._costs.get))
        except ArgumentError as error:
            return f"No modelled latency: {error}"

    def _costs_known(self) -> dict[str, Asked]:
        """What stands beside the result of now, all of it found."""
        asked = asked_for(self.session.wait(), self._on_board)
        self._costs.ask(asked.values())
        self._costs.wait()
        self.session.announce()  # the page shows it, too
        return asked

    @property
    def selected(self) -> list[str]:
        """Names of the sites that are marked in the table."""
        return list(self._table.selected)

    @property
    def history(self) -> pd.DataFrame:
        """A row for everything that was tried, by its number: what was chosen, and all measures."""
        rows = [
            {
                "number": trial.number,
                "plan": trial.state.plan.name,
                "reference": trial.state.reference,
                "tier": trial.state.tier,
                "text": trial.state.text,
                **trial.metrics,
            }
            for trial in self.session.trials
        ]
        return pd.DataFrame(rows).set_index("number")

    def blind_test(self, trials: int = 16, seed: int | None = None) -> ABXTest:
        """Reference against candidate, blind. Until its first trial that counts, the test follows
        the plan in hand; see `ABXTest.follow`."""
        test = ABXTest.of(self.comparison, trials, seed)
        self._tests.append(test)
        return test

    def save(self, path: str | Path, replace: bool = False) -> Path:
        """Write the plan of now as YAML, named like the file; see `plan_edit.save`.

        Raises:
            EditError: the file is there already, and may not be replaced.
        """
        place = plan_edit.place_of(path)
        if place.exists() and not replace:
            raise plan_edit.EditError(f"{place} is there already: replace=True replaces it")
        return plan_edit.save(self.plan, place)

    def close(self) -> None:
        """End the threads and take the parts away from the browser."""
        self._costs.close()
        self.session.close()
        for part in self.parts:
            part.close()

    def _ipython_display_(self) -> None:
        display(*self.parts)

    def _hear(self, widget: anywidget.AnyWidget, content: dict, buffers: list) -> None:
        """A message of one of the parts."""
        answers = {
            "set": self._set,
            "edit": self._edit,
            "reset": self._reset,
            "undo": self.session.undo,
            "redo": self.session.redo,
            "cancel": self.session.cancel,
            "exact": lambda: self.session.set(tier="exact"),
            "back": self.session.back_to,
            "contrast": self._contrast,
            "focus": self._focus,
            "select": self._select,
            "save": self._save,
            "dismiss": self.session.tell,
        }
        self._question = None
        asked = dict(content)
        kind = asked.pop("kind", None)
        try:
            if kind not in answers:
                raise plan_edit.EditError(f"nobody here understands {kind!r}")
            answers[kind](**asked)
        except (LightningError, OSError, TypeError) as error:
            self.session.tell(message=str(error))
        finally:
            self._table.answered += 1

    def _set(self, fields: dict[str, str]) -> None:
        known = {"text", "voice", "reference", "base", "run"}
        if not fields or not fields.keys() <= known:
            raise plan_edit.EditError(f"only {', '.join(sorted(known))} can be set, not {fields}")
        new: dict[str, object] = dict(fields) | {"tier": "fast"}
        if "base" in new:
            if new["base"] not in self._bases:
                known_bases = ", ".join(self._bases)
                raise plan_edit.EditError(f"no plan {new['base']!r} to start from: {known_bases}")
            # Another plan is another beginning: changes to the old one do not carry over.
            new |= {"base": Plan.of(self._bases[new["base"]]), "changes": ()}
        if "run" in new:
            run = new.pop("run")
            if run not in RUNS:
                raise plan_edit.EditError(f"no run {run!r}, only {', '.join(RUNS)}")
            new["teacher_forced"] = run == "teacher-forced"
        self.session.set(**new)

    def _edit(self, sites: list[str], fields: dict[str, object]) -> None:
        self.session.choose(lambda state: state.edited(sites, fields))

    def _reset(self, sites: list[str]) -> None:
        self.session.choose(lambda state: state.restored(sites))

    def _save(self, path: str, agreed: str = "") -> None:
        """Save the plan, or ask first. agreed: the question that was answered with yes."""
        place = plan_edit.place_of(path)
        if (question := before_saving(place)) and question["words"] != agreed:
            self._question = question | {"path": path}
            self.session.tell()
            return
        written = plan_edit.save(self.plan, place)
        self.session.tell(
            note=f"saved {written}; run all notebooks with it: "
            f"lightning-v2 notebooks --plans {written}"
        )

    def _focus(self, site: str) -> None:
        self._table.focus = {"site": site, "turn": self._table.focus.get("turn", 0) + 1}

    def _select(self, sites: list[str]) -> None:
        self._table.selected = sites

    def _contrast(self, first: int, second: int) -> None:
        pair = self.session.trial(first), self.session.trial(second)
        apart = plan_edit.differences(
            *(trial.state.plan for trial in pair), self.session.state.sites
        )
        numbers = {"first": first, "second": second}
        self._history.contrast = contrast(*pair, apart) | numbers

    def _show(self) -> None:
        """Bring every part up to date. Called on any thread, one at a time."""
        session, state, shown = self.session, self.session.state, self.session.shown
        sound_stale = shown.state.key != state.key
        self._once("sites", state.speaker.digest, lambda: self._table.show_sites(state.sites))
        self._once("state", state.key, self._show_state)
        # What travels longest comes last: of a known result all is shown at once.
        self._once("history", (len(session.trials), state.key), self._show_history)
        self._once("layers", shown.layers, self._show_layers)
        self._once("measures", shown.metrics, self._show_measures)
        self._once("sound", shown.candidate, self._show_sound)
        self._once("figures", (shown.state.key, bool(shown.metrics), state.key), self._show_figures)
        self._bar.status = {
            "key": state.key,
            "words": state.words,
            "tier": state.tier,
            "busy": session.busy,
            "sound_stale": sound_stale,
            "message": session.message,
            "note": session.note,
            "can_undo": session.can_undo,
            "can_redo": session.can_redo,
            "question": self._question,
            "unheard": state.unheard_words,
        }
        self._show_cost()
        if shown.whole and not session.stale:
            self._once("tests", shown, self._follow)

    def _once(self, name: str, what: object, show: Callable[[], None]) -> None:
        """Show something unless it is what is shown there already."""
        old = self._shown.get(name)
        if what is None or old is what or (isinstance(what, str | tuple) and old == what):
            return
        self._shown[name] = what
        show()

    def _show_state(self) -> None:
        state = self.session.state
        voices = sorted(path.parent.name for path in data_path("voices").glob("*/config.json"))
        references = dict.fromkeys([self._given_reference, "fp32", *presets()])
        words = {"fp32": "fp32, PyTorch"}
        self._bar.choices = {
            "text": state.text,
            "sentences": self._sentences,
            "voice": state.voice,
            "voices": [[name, name] for name in dict.fromkeys([state.voice, *voices])],
            "reference": state.reference,
            "references": [[name, words.get(name, f"{name}, emulated")] for name in references],
            "base": state.base.name,
            "bases": [[name, name] for name in self._bases],
            "run": state.run,
            "runs": [[run, words] for run, words in RUNS.items()],
        }
        self._bar.facts = facts(state)
        self._table.show_values(state.plan, state.base, state.sites)
        self._table.unheard = list(state.unheard)
        self._table.current = self._board.current = state.key

    def _show_sound(self) -> None:
        shown = self.session.shown
        self._board.sound = views.sound(shown)
        self._player.replace(views.clips(shown), label=shown.state.words)

    def _show_figures(self) -> None:
        """Beside the player: those of the sound that is there, marked while another is awaited."""
        shown = self.session.shown
        known = shown.metrics is not None
        self._player.figures = {
            "words": shown.state.words,
            "stale": self.session.stale or not known,
            "cells": headline_of(shown.metrics, shown.state.run)
            if known
            else self._player.figures.get("cells", []),
        }

    def _show_cost(self) -> None:
        session, shown = self.session, self.session.shown
        where = {"board": self._on_board, "where": self._on_board}
        if session.stale or not shown.whole:
            cost = where
        else:
            try:
                asked = asked_for(shown, self._on_board)
            except ArgumentError as error:
                cost = where | {"problem": str(error)}
            else:
                self._costs.ask(asked.values())
                cost = shown_cost(asked, self._costs.get)
        if self._bar.cost != cost:
            self._bar.cost = cost

    def _follow(self) -> None:
        comparison = self.session.shown.comparison
        for test in self._tests:
            test.follow(comparison)

    def _show_measures(self) -> None:
        self._board.measures = views.measures(self.session.shown)

    def _show_layers(self) -> None:
        self._board.layers = views.layers(self.session.shown)
        self._table.errors = views.errors(self.session.shown)

    def _show_history(self) -> None:
        trials, current = self.session.trials, self.session.state.key
        self._history.trials = history(trials) | {"current": current}
