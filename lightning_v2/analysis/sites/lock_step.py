"""Two runs side by side, so that nobody has to keep what the first one computed."""

from __future__ import annotations

import contextvars
import threading
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from lightning_v2 import noise
from lightning_v2.tensix import SiteCall
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.threads import torch_threads


class Ahead:
    """A run in a thread of its own that goes on only as far as somebody asks for its outputs.

    Never do both threads compute at the same time. Outputs that nobody asked for yet are kept until
    somebody does: two runs that come by their sites in nearly the same order hold nearly nothing.

        with Ahead(lambda observer: …) as run:
            output = run.output("decoder.input", 0)

    The run sees the context variables of the thread that enters and computes with as many threads
    as that does. What the two draw from the shared generators of random numbers, each draws as if
    it were alone. On leaving, what is left of the run does not take place.
    """

    def __init__(self, run: Callable[[Observer], object], wanted: Callable[[str], bool]):
        """run: computes under an observer. wanted: whether outputs of a site are kept at all."""
        self._run, self._wanted = run, wanted
        self._outputs: dict[tuple[str, int], Tensor] = {}
        self._calls: Counter = Counter()
        self._asked: tuple[str, int] | None = None
        self._error: BaseException | None = None
        self._result: object = None
        self._finished = self._left = False
        self._go, self._stop = threading.Semaphore(0), threading.Semaphore(0)

    def __enter__(self) -> Ahead:
        run = contextvars.copy_context().run
        self._threads = torch.get_num_threads()
        self._thread = threading.Thread(target=run, args=(self._work,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._left = True
        mine = noise.states()
        self._go.release()
        self._thread.join()
        noise.go_on_from(mine)

    def output(self, site: str, call: int) -> Tensor | None:
        """What the call-th call of a site, from 0 on, returns; handed out once.

        None if there was no such call.

        Raises:
            whatever the run raises.
        """
        key = site, call
        if key not in self._outputs:
            self._go_on_to(key)
        return self._outputs.pop(key, None)

    def result(self) -> object:
        """What the run returns; the rest of it takes place.

        Raises:
            whatever the run raises.
        """
        self._wanted = lambda site: False
        self._go_on_to(None)
        return self._result

    def _go_on_to(self, asked: tuple[str, int] | None) -> None:
        """Let the run go on to the end of a call, or to its own."""
        if not self._finished:
            self._asked = asked
            mine = noise.states()
            self._go.release()
            self._stop.acquire()
            noise.go_on_from(mine)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        self._go.acquire()
        try:
            if not self._left:
                with torch_threads(self._threads):
                    self._result = self._run(self._observe)
        except _Left:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._finished = True
            self._stop.release()

    def _observe(self, call: SiteCall) -> None:
        if self._left:
            raise _Left
        if not self._wanted(call.site):
            return
        key = call.site, self._calls[call.site]
        self._calls[call.site] += 1
        self._outputs[key] = first(call.result).detach().clone()
        if key == self._asked:
            mine = noise.states()
            self._stop.release()
            self._go.acquire()
            noise.go_on_from(mine)
            if self._left:
                raise _Left


class _Left(BaseException):
    """Ends a run of which nobody wants to know more."""


def first(output: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The first tensor of what a site returns: of a recurrent layer, the output without states."""
    return output[0] if isinstance(output, tuple) else output
