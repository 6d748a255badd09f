"""What an explorer remembers and does, without any widget: choices, undo, results, history."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lightning_v2.errors import LightningError
from lightning_v2.precision.edit import EditError
from widgets.explorer.explorer_result import Result, Results, Steps
from widgets.explorer.explorer_state import State

DEBOUNCE_S = 0.2


class Abandoned(Exception):
    """Nobody wants to know the result of this run any more."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A state that was tried to the end.

    Attributes:
        number: from 1 on.
        metrics: as `Comparison.metrics`.
    """

    number: int
    state: State
    metrics: dict[str, float]


class Session:
    """Holds a state and computes its result in a thread of its own.

    A result is shown as it grows, and never after the state has moved on: every run has a number,
    and only the latest one may show anything. Where a state cannot be computed, or is given up, the
    last one that was shown comes back, with its result.

    Attributes:
        state: the choice of now.
        shown: the result that is there to see; `stale` while it belongs to another state.
        trials: complete results, in the order of trying.
        message: what went wrong with the last change; empty if nothing did.
        note: what went well and needs saying.
    """

    def __init__(
        self,
        state: State,
        steps: Callable[[State, Callable[[], None]], Iterator[Result]] | None = None,
        debounce_s: float = DEBOUNCE_S,
    ):
        """Computes the first result before it returns.

        Args:
            state: to begin with.
            steps: (state, after_site) -> results as they grow.
            debounce_s: how long nothing must change before a run begins.

        Raises:
            TextError, PlanError, CheckpointError: see `State.check`.
        """
        state.check()
        self.state, self.shown = state, None
        self.trials: list[Trial] = []
        self.message = self.note = ""
        self._steps, self._debounce_s = steps or Steps(), debounce_s
        self._results = Results()
        self._trail, self._at = [state], 0
        self._listeners: list[Callable[[], None]] = []
        self._changed = threading.Condition(threading.RLock())
        self._wanted = self._finished = 0  # numbers of runs: asked for, and over
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False
        for result in self._steps(state, lambda: None):
            self.shown = result
        self._keep(self.shown)

    @property
    def stale(self) -> bool:
        """Whether what is shown belongs to another state than that of now."""
        return self.shown.state.key != self.state.key

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or about to begin."""
        return self._finished != self._wanted

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at + 1 < len(self._trail)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after every change, on whatever thread it takes place."""
        self._listeners.append(listener)

    def choose(self, make: Callable[[State], State]) -> bool:
        """Go on to make(state), and compute it soon; False, and a message, if that is not legal."""
        with self._changed:
            due = time.monotonic() + self._debounce_s
            try:
                state = make(self.state)
                state.check()
            except LightningError as error:
                self._say(message=str(error))
                return False
            if state.key == self.state.key:
                self._say()
            else:
                self._trail[self._at + 1 :] = [state]
                self._at += 1
                self._go_to(state, due)
            return True

    def set(self, **fields: object) -> bool:
        """Choose with some fields of the state replaced."""
        return self.choose(lambda state: replace(state, **fields))

    def undo(self) -> None:
        with self._changed:
            if self.can_undo:
                self._at -= 1
                self._go_to(self._trail[self._at], time.monotonic() + self._debounce_s)

    def redo(self) -> None:
        with self._changed:
            if self.can_redo:
                self._at += 1
                self._go_to(self._trail[self._at], time.monotonic() + self._debounce_s)

    def back_to(self, number: int) -> bool:
        """Choose the state of a trial again."""
        trial = self.trial(number)
        return self.choose(lambda _: trial.state)

    def trial(self, number: int) -> Trial:
        """Raises EditError if there is none of that number."""
        if not 1 <= number <= len(self.trials):
            raise EditError(f"there is no trial {number}, only 1 to {len(self.trials)}")
        return self.trials[number - 1]

    def cancel(self) -> None:
        """Give up the run under way."""
        with self._changed:
            if self.busy:
                self._finished = self._wanted = self._wanted + 1
                self._return("Cancelled")

    def tell(self, message: str = "", note: str = "") -> None:
        """Show a message, or a note, of somebody else."""
        with self._changed:
            self._say(message, note)

    def announce(self) -> None:
        """Have all listeners called, as after a change."""
        with self._changed:
            self._tell()

    def wait(self, timeout_s: float | None = None) -> Result:
        """The result of the state of now, as soon as it is complete.

        Raises:
            TimeoutError: it took longer.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self.busy, timeout_s):
                raise TimeoutError(f"no result after {timeout_s} s: {self.state.words}")
            return self.shown

    def close(self) -> None:
        """End the thread, and whatever it computes."""
        with self._changed:
            self._closed = True
            self._finished = self._wanted = self._wanted + 1
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def _go_to(self, state: State, due: float) -> None:
        self.state = state
        self._wanted += 1
        known = self._results.get(state)
        if known:
            self.shown = self._whole = known
            self._finished = self._wanted
        else:
            self._due = due
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        self._say()

    def _say(self, message: str = "", note: str = "") -> None:
        self.message, self.note = message, note
        self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def _return(self, message: str) -> None:
        """To the last complete result, and forget what was chosen since."""
        self.shown = self._whole
        self.state = self.shown.state
        keys = [state.key for state in self._trail[: self._at + 1]]
        if self.state.key in keys:
            self._at = len(keys) - 1 - keys[::-1].index(self.state.key)
            del self._trail[self._at + 1 :]
        else:
            self._trail, self._at = [self.state], 0
        self._say(f"{message.rstrip('.')}. Back at {self.state.words}.")

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.busy or self._closed)
                while not self._closed and self.busy and (left := self._due - time.monotonic()) > 0:
                    self._changed.wait(left)
                if self._closed:
                    return
                if not self.busy:
                    continue
                number, state = self._wanted, self.state
            self._run(number, state)

    def _run(self, number: int, state: State) -> None:
        def after_site() -> None:
            if number != self._wanted:
                raise Abandoned

        try:
            for result in self._steps(state, after_site):
                with self._changed:
                    after_site()
                    self.shown = result
                    if result.whole:
                        self._keep(result)
                        self._finished = number
                    self._tell()
        except Abandoned:
            pass
        except Exception as error:
            with self._changed:
                if number == self._wanted:
                    self._finished = number
                    # Anything that is not ours is a mistake of ours, and is said as well.
                    kind = "" if isinstance(error, LightningError) else f"{type(error).__name__}: "
                    self._return(f"{kind}{error}")

    def _keep(self, result: Result) -> None:
        self._whole = result
        self._results.add(result)
        if all(trial.state.key != result.state.key for trial in self.trials):
            self.trials.append(Trial(len(self.trials) + 1, result.state, result.metrics))
