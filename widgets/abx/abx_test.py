"""A blind listening test in a notebook: is X the same as A, or the same as B?"""

import base64
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.files import write_output
from widgets.abx.abx_session import ABXSession
from widgets.abx.abx_statistics import ABXStatistics
from widgets.player.ab_player import Clip, clips_of, label_of
from widgets.player.wav import samples_digest, wav_bytes
from widgets.source import source

KERNEL = "kept by the kernel until each answer was given"
PAGE = "in the page, shuffled there"


class ABXTest(anywidget.AnyWidget):
    """Blind trials: A, B and X run together, the listener says which of both X is.

    While a kernel is there the order stays in Python: the page gets the sound of X trial by trial,
    under no other name than X, and Python judges the answer. The sound itself has to be in the
    browser, of course: whoever reads its memory can compare the samples of X with those of A and B.
    A page without a kernel must hold the key itself; it says so and shuffles anew for every visit.

    Keys: a, b and x choose what is heard, left and right an answer, Enter gives it.

    Args:
        a, b: two `Clip`s of one sample rate, played as they are. The shorter one is followed by
            silence: a length must not tell which is which.
        trials: how many count, fixed beforehand, 1 to 200.
        seed: of the order, see `ABXSession`. None: nobody knows it before the end.
        conditions: whatever belongs to the result, as JSON: plans, text, voice, headphones.
        label: what a screen reader calls the test.

    Attributes:
        other: what could be tested in the place of this pair, in words; empty if nothing.

    Raises:
        ArgumentError: clips of two rates or with a gain, or a number of trials that is not allowed.
        TypeError: conditions that JSON cannot hold.
    """

    _esm = source(
        "kernel.js",
        "player/sound.js",
        "player/timeline.js",
        "abx/abx_statistics.js",
        "abx/abx_judges.js",
        "abx/abx_test.js",
    )
    _css = source("common.css", "abx/abx_test.css")

    pair = traitlets.List(traitlets.Dict()).tag(sync=True)
    trials = traitlets.Int().tag(sync=True)
    conditions = traitlets.Dict().tag(sync=True)
    software = traitlets.Dict().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    other = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        a: Clip,
        b: Clip,
        trials: int = 16,
        seed: int | None = None,
        conditions: dict | None = None,
        label: str = "Blind test",
    ):
        pair = _Pair(a, b, json.loads(json.dumps(conditions or {})), label)
        self._trials, self._seed = trials, seed
        self._session = ABXSession(trials, seed)
        self._waiting: _Pair | None = None
        super().__init__(software={"lightning-v2": metadata.version("lightning-v2")})
        self._take(pair)
        self.on_msg(self._receive)

    @classmethod
    def of(cls, comparison, trials: int = 16, seed: int | None = None, **conditions) -> "ABXTest":
        """Reference (A) against candidate (B) of a `Comparison`, with how both were made.

        Args:
            comparison: its two waveforms are compared.
            trials, seed: as for the constructor.
            conditions: more that belongs to the result.
        """
        pair = _Pair.of(comparison, conditions)
        return cls(pair.a, pair.b, trials, seed, pair.conditions, pair.label)

    def follow(self, comparison, **conditions) -> bool:
        """Test another comparison in the place of this one.

        A test that has begun ends with what it began with: then `other` names the new pair, and the
        listener says when to take it.

        Args:
            comparison, conditions: as for `of`.

        Returns:
            Whether it is tested now.
        """
        pair = _Pair.of(comparison, conditions)
        if pair.conditions == self.conditions:
            self._waiting, self.other = None, ""
            return True
        if self._session.started:
            self._waiting, self.other = pair, f"{_words(pair)} is the plan in hand now."
            return False
        self._take(pair)
        return True

    def _take(self, pair: "_Pair") -> None:
        """Begin anew, with this pair and another order."""
        self._session = ABXSession(self._trials, self._seed)
        self._waiting = None
        clips = pair.a, pair.b
        self._wavs = dict(zip("ab", _files(*clips), strict=True))
        with self.hold_sync():
            self.conditions, self.label, self.other = pair.conditions, pair.label, ""
            self.trials = self._session.trials
            self.pair = [_state(clip, self._wavs[n]) for n, clip in zip("ab", clips, strict=True)]

    @property
    def statistics(self) -> ABXStatistics:
        """Of the answers so far."""
        return self._session.statistics

    @property
    def done(self) -> bool:
        """Whether every trial has its answer."""
        return self._session.stage == "done"

    @property
    def result(self) -> dict:
        """Everything about the test so far, as JSON: clips and their digests, conditions, trials,
        statistics, versions. The order is in it as far as it has been answered."""
        clips = [
            {name: value for name, value in clip.items() if name not in ("wav", "colour")}
            for clip in self.pair
        ]
        return {
            "kind": "ABX test",
            "label": self.label,
            "software": self.software,
            "key": KERNEL,
            "a": clips[0],
            "b": clips[1],
            "conditions": self.conditions,
            **self._session.to_dict(),
        }

    def save(self, path: str | Path) -> Path:
        """Write `result` as JSON, as `files.write_output` does; the folder is made if need be."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, json.dumps(self.result, indent=1) + "\n")
        return path

    def _receive(self, _, content: dict, buffers: list) -> None:
        """A message of a page. It is answered by where the test is now, and X to hear."""
        session = self._session
        problem = None
        try:
            match content:
                case {"type": "join"}:
                    pass
                case {"type": "train"}:
                    session.train()
                case {"type": "start"}:
                    session.start()
                case {"type": "renew"} if self._waiting:
                    self._take(self._waiting)
                    return  # the page begins anew, and joins
                case {"type": "answer", "trial": trial, "choice": choice}:
                    more = {name: content[name] for name in ("seconds", "plays") if name in content}
                    session.answer(trial, choice, **more)
                case _:
                    problem = f"this test does not understand {content!r}"
        except (LightningError, TypeError) as error:
            problem = str(error)
        state = {
            "type": "state",
            "stage": session.stage,
            "trial": session.trial,
            "statistics": session.statistics.to_dict(),
            "feedback": session.training[-1] if session.stage == "feedback" else None,
            "result": self.result if self.done else None,
            "problem": problem,
        }
        self.send(state, buffers=[self._wavs[session.x]] if session.x else [])


@dataclass(frozen=True)
class _Pair:
    """What is tested: A, B, what belongs to the result, and a name for it.

    Raises:
        ArgumentError: clips of two rates or with a gain.
    """

    a: Clip
    b: Clip
    conditions: dict
    label: str

    def __post_init__(self):
        a, b = self.a, self.b
        if a.sample_rate != b.sample_rate:
            raise ArgumentError(
                f"a test needs one sample rate, not {a.sample_rate} and {b.sample_rate} Hz"
            )
        for clip in (a, b):
            if clip.gain_db:
                raise ArgumentError(
                    f"a test plays clips as they are; {clip.label!r} has a gain of "
                    f"{clip.gain_db:+g} dB"
                )

    @classmethod
    def of(cls, comparison, conditions: dict) -> "_Pair":
        a, b = clips_of(comparison)[:2]
        reference = comparison.reference_plan
        made = {
            "text": comparison.reference.text,
            "plan": {"name": comparison.plan.name, "digest": comparison.plan.digest},
            "reference": {"name": comparison.reference_name, "digest": reference.digest},
            "tier": comparison.tier,
            "teacher_forced": comparison.teacher_forced,
            "seed_of_noise": comparison.reference.seed,
            "provenance": comparison.provenance,
        }
        known = json.loads(json.dumps(made | conditions))
        return cls(a, b, known, f"Blind test: {label_of(comparison)}")


def _words(pair: _Pair) -> str:
    """What is compared in it, for people."""
    return f"{pair.label.removeprefix('Blind test: ')}: “{pair.conditions['text']}”"


def _files(*clips: Clip) -> list[bytes]:
    """WAV files of clips, all of one length and one format."""
    count = max(len(clip.waveform) for clip in clips)
    float32 = any(clip.float32 for clip in clips)
    return [
        wav_bytes(np.pad(clip.waveform, (0, count - len(clip.waveform))), clip.sample_rate, float32)
        for clip in clips
    ]


def _state(clip: Clip, wav: bytes) -> dict:
    """What the page gets of A and of B."""
    return {
        "label": clip.label,
        "note": clip.words,
        "colour": clip.colour,
        "sample_rate": clip.sample_rate,
        "seconds": len(clip.waveform) / clip.sample_rate,
        "sha256": samples_digest(wav),
        "wav": base64.b64encode(wav).decode("ascii"),
    }
