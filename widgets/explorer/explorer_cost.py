"""What the sentence takes on a board under a plan, *modelled*, found while nobody waits for it.

ttnn plans the programs of a deployment on a mock device, which takes seconds: plans are planned one
after the other in a thread of its own, and what was planned once is kept on disk.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from lightning_v2.cache import cached
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.rehearsal import one_process, rehearse
from lightning_v2.economics.sentence import (
    NOT_ON_SILICON,
    PLANNED_ON,
    Cost,
    buckets_of,
    costs,
    hop_of,
)
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.precision import Plan
from widgets.explorer.explorer_result import Result
from widgets.explorer.explorer_state import State

BOUND_S = 0.25
"""Within which a stream wants its answer."""

CALM_S = 1.5
"""So long nothing else must have been asked for before ttnn is started."""


@dataclass(frozen=True)
class Asked:
    """A deployment whose cost is asked for.

    Attributes:
        plan: that runs; not compared: `digest` and `name` stand for it.
        voice: name or folder.
        frames: of the bucket.
        board: where.
    """

    digest: str
    name: str
    voice: str
    weights: str
    frames: int
    board: str
    plan: Plan = field(compare=False)

    @classmethod
    def of(cls, state: State, plan: Plan, frames: int, board: str) -> "Asked":
        return cls(plan.digest, plan.name, state.voice, state.weights, frames, board, plan)


def asked_for(result: Result, board: str) -> dict[str, Asked]:
    """What stands beside a result: the cost of its plan ("now"), of the plan that it started from
    ("base") and of "bf16".

    Raises:
        ArgumentError: the sentence is longer than the largest bucket.
    """
    state = result.state
    frames = bucket_of(result)
    # A preset as it stands is planned elsewhere, too.
    now = state.plan if state.changes else state.base
    plans = {"now": now, "base": state.base, "bf16": _bf16()}
    return {role: Asked.of(state, plan, frames, board) for role, plan in plans.items()}


@cache
def _bf16() -> Plan:
    return Plan.load("bf16")


def bucket_of(result: Result) -> int:
    """Frames of the bucket that the reference's sentence is padded to.

    Raises:
        ArgumentError: there is none as large.
    """
    count = -(-len(result.reference.waveform) // hop_of(result.state.speaker))
    sizes = Buckets().frames
    fitting = [size for size in sizes if size >= count]
    if not fitting:
        raise ArgumentError(f"{count} frames; the largest bucket has {sizes[-1]}")
    return fitting[0]


def modelled(asked: Asked) -> Cost:
    """The cost of one sentence at a time.

    Raises:
        PlanError, TargetError, UnsupportedError, RehearsalError, ArgumentError: as `costs`.
    """
    planned, buckets = PLANNED_ON.get(asked.board, asked.board), buckets_of(asked.frames, 1)
    rehearsal = cached(rehearse)(asked.plan, planned, asked.voice, buckets)
    return costs(asked.plan, asked.board, asked.voice, frames=asked.frames, rehearsal=rehearsal)


class Costs:
    """Costs by what was asked for, found in a thread.

    Args:
        tell: called, in that thread, after each one that was found.
        find: what finds one.
        calm_s: see `CALM_S`.
    """

    def __init__(
        self,
        tell: Callable[[], None],
        find: Callable[[Asked], Cost] = modelled,
        calm_s: float = CALM_S,
    ):
        self._tell, self._find, self._calm_s = tell, find, calm_s
        self._known: dict[Asked, Cost | str] = {}
        self._wanted: tuple[Asked, ...] = ()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._anew = self._closed = False

    def ask(self, wanted: Sequence[Asked]) -> None:
        """Find these next, in this order; nobody waits for what was asked for before."""
        with self._changed:
            if self._wanted == (wanted := tuple(wanted)) or self._closed:
                return
            self._wanted, self._anew = wanted, True
            self._changed.notify_all()
            if self._thread is None and self._missing():
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def get(self, asked: Asked) -> Cost | str | None:
        """A cost, the reason why there is none, or None if it is not known yet."""
        return self._known.get(asked)

    def wait(self, timeout_s: float | None = None) -> None:
        """Until all is known that was asked for last.

        Raises:
            TimeoutError: it took longer.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._missing(), timeout_s):
                raise TimeoutError(f"no modelled cost after {timeout_s} s")

    def close(self) -> None:
        """Begin no other one."""
        with self._changed:
            self._closed = True
            self._wanted = ()
            self._changed.notify_all()

    def _missing(self) -> list[Asked]:
        return [asked for asked in self._wanted if asked not in self._known]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._missing() or self._closed)
                while self._anew and not self._closed:
                    self._anew = False
                    self._changed.wait(self._calm_s)
            with one_process():
                while asked := self._next():
                    try:
                        found = self._find(asked)
                    except LightningError as error:
                        found = str(error)
                    except Exception as error:  # of ttnn, or a mistake of ours: it goes on
                        found = f"{type(error).__name__}: {error}"
                    with self._changed:
                        self._known[asked] = found
                        self._changed.notify_all()
                        if self._closed:
                            return
                    self._tell()
            if self._closed:
                return

    def _next(self) -> Asked | None:
        """What to find now; None once all is known, or something else has been asked for."""
        with self._changed:
            missing = self._missing()
            return missing[0] if missing and not self._anew and not self._closed else None


def shown(asked: dict[str, Asked], known: Callable[[Asked], Cost | str | None]) -> dict:
    """What a browser gets: latency and streams of each role as far as they are known."""
    now = asked["now"]
    found = {role: known(one) for role, one in asked.items()}
    figures = {role: _figures(cost) for role, cost in found.items() if isinstance(cost, Cost)}
    cost = found["now"]
    spoken = f", {cost.seconds_each:.1f} s of speech" if isinstance(cost, Cost) else ""
    return {
        "board": now.board,
        "where": f"{now.board}, one sentence at a time, bucket of {now.frames} frames{spoken}",
        "bound_ms": round(BOUND_S * 1e3),
        "problem": cost if isinstance(cost, str) else "",
        **figures,
    }


def _figures(cost: Cost) -> dict[str, float]:
    return {"latency_ms": cost.latency_s * 1e3, "streams": cost.streams(BOUND_S)}


def words(shown: dict) -> str:
    """The same in a line, of what is known. shown: as the function of that name returns it."""
    if shown["problem"]:
        return f"No modelled latency: {shown['problem']}"
    now = shown["now"]
    return (
        f"{now['latency_ms']:.2f} ms modelled latency of this sentence, {now['streams']:,} streams "
        f"at once, each answered within {shown['bound_ms']} ms: {shown['where']}. {NOT_ON_SILICON}"
    )
