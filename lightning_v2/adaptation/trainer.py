"""The training loop: a voice under plans learns to say what it says in float32."""

import functools
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from lightning_v2 import tensix
from lightning_v2.adaptation.lessons import Lesson, Teacher, Texts
from lightning_v2.adaptation.losses import share_of_power, share_of_spread, spectral_distances
from lightning_v2.adaptation.survey import Survey
from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.precision import Plan
from lightning_v2.tensix.intercept.module_frames import role_of
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision
from lightning_v2.text import TextError
from lightning_v2.training.loop import read_state

_AVERAGED = 0.99
"""What the running average of the weights keeps of itself in a step, at most: one text a step is
noisy. Of the first steps it is the mean."""

Policy = Callable[[str], SitePrecision]
"""Site -> how it runs."""

STATE, LOG = "state.pt", "log.jsonl"

_SHARES = {"complex": 1.0, "log": 2.0, "inner": 0.1, "durations": 1.0, "f0": 1.0}
"""What each part of the loss counts."""

_LEAST_SIZE = 1e-3
"""Of a weight: how far it may go in a step follows from the size of its tensor, at least this."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        steps: of the optimiser, a text each, at most.
        rate: how far a weight may go in a step, over the root mean square of its tensor; it rises
            at first and falls along a cosine to one hundredth.
        warm_up: steps.
        every: steps from one look at the held-out texts to the next.
        patience: looks without progress after which it stops.
        seed: of the order of the texts and of the noise.
    """

    steps: int = 1400
    rate: float = 1.5e-4
    warm_up: int = 20
    every: int = 50
    patience: int = 20
    seed: int = 0

    def rate_at(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, step / self.steps)))
        return self.rate * min(1, (step + 1) / self.warm_up) * (0.01 + 0.99 * cosine)


@dataclass
class Progress:
    """How far it has come, and what was best.

    Attributes:
        step: steps that were made.
        before: held-out loss of the weights as they were.
        best: lowest held-out loss.
        best_step: after which it was seen.
    """

    step: int = 0
    before: float = math.nan
    best: float = math.inf
    best_step: int = 0

    def is_over(self, schedule: Schedule) -> bool:
        looks = (self.step - self.best_step) // schedule.every
        return self.step >= schedule.steps or looks >= schedule.patience


class Trainer:
    """Holds the pupil, its optimiser and the place in the schedule; saves and resumes all three.

    Attributes:
        model: the network of the pupil, on the device of the teacher's lessons.
        weights: name -> parameter, of those that learn.
        policies: one of each plan.
        average: name -> running average of the last steps; looks are at these.
        best: name -> the average at the best look.
        progress: so far.
    """

    def __init__(
        self,
        model: nn.Module,
        teacher: Teacher,
        survey: Survey,
        plans: Sequence[Plan],
        texts: Texts,
        schedule: Schedule,
    ):
        """plans: one a step, in turn; the held-out loss is the mean of all."""
        self.model, self.teacher, self.survey = model.to(teacher.device), teacher, survey
        self.texts, self.schedule, self.progress = texts, schedule, Progress()
        teacher.watched = frozenset(survey.watched).union(*survey.predictions.values())
        self.policies = [_policy(model, plan) for plan in plans]
        self._plan_names = " and ".join(plan.name for plan in plans)
        model.requires_grad_(False)
        parameters = dict(model.named_parameters())
        self.weights = {name: parameters[name].requires_grad_() for name in survey.learning}
        self._sizes = [
            max(float(x.detach().square().mean().sqrt()), _LEAST_SIZE)
            for x in self.weights.values()
        ]
        self.optimizer = torch.optim.AdamW(
            [{"params": [x]} for x in self.weights.values()], betas=(0.9, 0.98), weight_decay=0.0
        )
        self.average, self.best = self._copied(), self._copied()
        self._settings = {
            "voice": teacher.voice.digest,
            "plan": [plan.digest for plan in plans],
            "texts": texts.digest,
            **asdict(schedule),
        }
        self._held_out: list[Lesson] = []

    def resume(self, path: Path) -> None:
        """Go on from a saved state.

        Raises:
            ArgumentError: it is damaged, or was made with other settings.
        """
        state = read_state(path)
        if state["settings"] != self._settings:
            odd = [key for key, value in self._settings.items() if state["settings"][key] != value]
            raise ArgumentError(
                f"{path} was made with another {' and '.join(odd)}: name another folder, or remove "
                "it to start again"
            )
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.weights[name].copy_(value)
        device = self.teacher.device
        for key in ("average", "best"):
            setattr(self, key, {name: x.to(device) for name, x in state[key].items()})
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])

    def save(self, path: Path) -> None:
        state = {
            "settings": self._settings,
            "weights": self._copied(),
            "average": self.average,
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        with written_whole(path) as part:
            torch.save(state, part)

    def run(self, folder: Path, save_every_s: float = 60, progress: bool = True) -> None:
        """Train until nothing is gained any more; state and log.jsonl go to the folder.

        Raises:
            ArgumentError: nothing can be learned under this plan.
        """
        if self.progress.is_over(self.schedule):
            return
        saved, done = time.monotonic(), self.progress
        self._held_out = [*self.teacher.lessons(self.texts.held_out)]
        if not self._held_out:
            raise ArgumentError("none of the texts that are held out can be said")
        with (
            open(folder / LOG, "a", buffering=1) as log,
            tqdm(
                total=self.schedule.steps,
                initial=done.step,
                desc="adapt",
                disable=None if progress else True,
            ) as bar,
        ):
            if done.step == 0:
                done.before = done.best = self._look(log)
            while not done.is_over(self.schedule):
                loss = self.train_step()
                if done.step % self.schedule.every == 0 or done.step == self.schedule.steps:
                    held_out = self._look(log, loss=round(loss, 5))
                    if held_out < done.best:
                        done.best, done.best_step = held_out, done.step
                        self.best = {name: x.clone() for name, x in self.average.items()}
                bar.set_postfix_str(
                    f"loss {loss:.3f}, held out {done.before:.4f} -> {done.best:.4f}"
                )
                bar.update()
                if time.monotonic() - saved > save_every_s:
                    self.save(folder / STATE)
                    saved = time.monotonic()
        self.save(folder / STATE)

    def train_step(self) -> float:
        """One step on the next text that can be said; returns its loss.

        Raises:
            ArgumentError: the loss is not finite, or no weight has a part in it.
        """
        rate = self.schedule.rate_at(self.progress.step)
        for group, size in zip(self.optimizer.param_groups, self._sizes, strict=True):
            group["lr"] = rate * size
        lesson = self._lesson()
        self.optimizer.zero_grad(set_to_none=True)
        total = self.loss(lesson, self.policies[self.progress.step % len(self.policies)])
        loss = float(total.detach())
        self._refuse_infinite(loss, lesson.text)
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        if not float(norm):
            raise ArgumentError(
                f"nothing can be trained under plan {self._plan_names}: what the voice says does "
                "not depend on any weight that could learn"
            )
        self.optimizer.step()
        self.progress.step += 1
        kept = min(_AVERAGED, self.progress.step / (self.progress.step + 1))
        with torch.no_grad():
            for name, x in self.weights.items():
                self.average[name].lerp_(x, 1 - kept)
        return loss

    def loss(self, lesson: Lesson, policy: Policy) -> Tensor:
        """Of one text under one plan."""
        return sum(_SHARES[name] * value for name, value in self.losses(lesson, policy).items())

    def losses(self, lesson: Lesson, policy: Policy) -> dict[str, Tensor]:
        """The same, by part."""
        seen: dict[str, list[Tensor]] = {}

        def observe(call: SiteCall) -> None:
            if call.site in lesson.inner:
                seen.setdefault(call.site, []).append(call.result)

        with tensix.use(tier="fast"), tensix.intercept(self.model, policy, observe):
            results = lesson.tape.replayed(self.model)
        sounds = [
            spectral_distances(place.among(results).flatten(), wanted)
            for place, wanted in lesson.sounds
        ]
        parts = {name: _mean([sound[name] for sound in sounds]) for name in sounds[0]}
        sites = {"inner": (self.survey.watched, share_of_power)} | {
            role: (names, share_of_spread) for role, names in self.survey.predictions.items()
        }
        for part, (names, distance) in sites.items():
            values = [distance(seen[n], lesson.inner[n]) for n in names if n in lesson.inner]
            if values:
                parts[part] = _mean(values)
        return parts

    def _look(self, log, **also: float) -> float:
        """Mean loss of the held-out texts with the average weights, which goes to the log."""
        with torch.no_grad(), self._averaged():
            heard = [(lesson, policy) for lesson in self._held_out for policy in self.policies]
            losses = [float(self.loss(lesson, policy)) for lesson, policy in heard]
        for (lesson, _), loss in zip(heard, losses, strict=True):
            self._refuse_infinite(loss, lesson.text)
        held_out = sum(losses) / len(losses)
        row = {"step": self.progress.step, "time": time.time(), "held_out": held_out, **also}
        log.write(json.dumps(row) + "\n")
        return held_out

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Context in which the model has the average of its weights."""
        current = self._copied()
        for name, x in self.weights.items():
            x.copy_(self.average[name])
        try:
            yield
        finally:
            for name, x in self.weights.items():
                x.copy_(current[name])

    def _lesson(self) -> Lesson:
        """The next text that can be said; which one follows from the step alone."""
        texts, step = self.texts.training, self.progress.step
        for place in range(step, step + len(texts)):
            try:
                return self.teacher.lesson(texts[place % len(texts)])
            except TextError:
                continue
        raise ArgumentError(f"none of the {len(texts)} texts can be said")

    def _refuse_infinite(self, loss: float, text: str) -> None:
        if not math.isfinite(loss):
            raise ArgumentError(
                f"nothing can be trained under plan {self._plan_names}: of {text[:60]!r} it makes "
                "a sound that is not finite"
            )

    def _copied(self) -> dict[str, Tensor]:
        return {name: x.detach().clone() for name, x in self.weights.items()}


def _policy(model: nn.Module, plan: Plan) -> Policy:
    return functools.cache(lambda site: plan.for_site(site, role_of(model, site)))


def _mean(values: list[Tensor]) -> Tensor:
    return sum(values) / len(values)
