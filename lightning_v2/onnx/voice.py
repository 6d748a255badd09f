"""A voice whose network is an ONNX graph."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executor_of
from lightning_v2.model.parts import Part
from lightning_v2.model.protocol import Given
from lightning_v2.model.speech import Speech
from lightning_v2.noise import check_seed
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.parts import graph_parts
from lightning_v2.onnx.roles import site_roles
from lightning_v2.threads import torch_threads


@dataclass(frozen=True, eq=False)
class _Forced:
    """What one sentence takes from another speech of it."""

    durations: np.ndarray | None = None
    f0: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class OnnxVoice:
    """A voice that somebody else trained: see `model.protocol.Voice`.

    Attributes:
        name: of the voice.
        model: its graph; where its waveform takes a network, that is its part `waveform`.
        file_digest: SHA-256 of its file.
        frontend: text to inputs, outputs to a waveform.
    """

    name: str
    model: OnnxNetwork
    file_digest: str
    frontend: Frontend

    @classmethod
    def load(cls, name: str, path: Path, make: Callable[[OnnxNetwork], Frontend]) -> Self:
        """The voice of a file.

        make: its front end, from its network.

        Raises:
            MissingFileError: there is no such file.
            OnnxError: it cannot be used, or lacks a value that the front end names.
        """
        model = OnnxNetwork.load(path)
        frontend = make(model)
        for value in (frontend.durations, frontend.f0):
            if value is not None and value not in model.values:
                raise OnnxError(f"{path} has no value {value!r}: it is no voice of this kind")
        has_module = isinstance(frontend.waveform, nn.Module)
        model.give_roles(
            site_roles(model.graph, frontend.durations, frontend.f0, returns_sound=not has_module)
        )
        if has_module:
            model.add_module("waveform", frontend.waveform)
        model.eval().requires_grad_(False)
        return cls(name, model, hashlib.sha256(path.read_bytes()).hexdigest(), frontend)

    @property
    def digest(self) -> str:
        """SHA-256 of its file, of what its front end brings, and of its weights in memory."""
        found = hashlib.sha256(f"{self.file_digest} {self.frontend.key}".encode())
        for name, x in (*self.model.named_parameters(), *self.model.named_buffers()):
            found.update(name.encode())
            found.update(x.detach().contiguous().numpy())
        return found.hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What who hears it should know, in sentences: that it was quantised, and its licence."""
        return (*self.model.notes, f"licence: {self.frontend.licence}")

    @property
    def sample_rate(self) -> int:
        return self.frontend.sample_rate

    @property
    def takes(self) -> frozenset[Given]:
        known = {"durations": self.frontend.durations, "f0": self.frontend.f0}
        return frozenset(given for given, value in known.items() if value is not None)

    @cached_property
    def prosody_sites(self) -> tuple[str, ...]:
        given = [value for value in (self.frontend.durations, self.frontend.f0) if value]
        needed = self.model.sites_needed(given)
        return tuple(name for name in self.model.kinds if name not in needed)

    def language_of(self, text: str) -> str:
        """The language that a text is read in, ISO 639-1."""
        return self.frontend.language_of(text)

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Site of the graph -> the part of a voice that it belongs to; see `graph_parts`."""
        return graph_parts(self.model, self.frontend.durations, self.frontend.f0)

    def phonemize(self, text: str) -> tuple[str, ...]:
        """The phones of a text, with the marks that the graph is given.

        Raises:
            TextError: there is nothing to say, or it is too long.
        """
        return tuple(phone for line in self.frontend.lines(text) for phone in line.phonemes)

    def synthesize(
        self, text: str | list[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """Speak a text, or each text of a list, sentence by sentence.

        The same text, seed and weights give the same bits: random nodes of the graph and the noise
        of the waveform come from the seed.

        Args:
            text: of the language of the front end.
            seed: of all noise.
            forced: another speech of the same text by this voice; its durations, in whole steps of
                the graph, and its F0 are used in place of computed ones, where the front end knows
                them.

        Raises:
            TextError: there is nothing to say, or it is too long.
            ArgumentError: `forced` is speech of another text, or the seed is negative.
            OnnxError: the graph fails on these inputs.
        """
        check_seed(seed)
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        lines = self.frontend.lines(text)
        parts = self._split(forced, lines)
        with torch.inference_mode(), torch_threads(1):
            spoken = [
                self._say(line, part, seed, index)
                for index, (line, part) in enumerate(zip(lines, parts, strict=True))
            ]
        executor, front = executor_of(self.model), self.frontend
        waves, durations, f0 = (
            [x for x in column if x is not None] for column in zip(*spoken, strict=True)
        )
        return Speech(
            text=text,
            waveform=np.concatenate(waves),
            phonemes=tuple(phone for line in lines for phone in line.phonemes),
            durations=_joined(durations),
            f0=self._voiced(_joined(f0)),
            decisions={_RAW_F0: _joined(f0)} if front.f0 else {},
            frames=tuple(len(wave) // front.hop for wave in waves),
            seed=seed,
            sample_rate=front.sample_rate,
            hop=front.hop,
            plan=executor.plan,
            tier=executor.tier,
        )

    def _say(
        self, line: Line, forced: _Forced, seed: int, index: int
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Waveform, durations in frames and F0 of one sentence."""
        front = self.frontend
        pinned = {}
        if forced.durations is not None:
            pinned[front.durations] = torch.from_numpy(_whole(forced.durations / front.frames_each))
        if forced.f0 is not None:
            pinned[front.f0] = torch.from_numpy(forced.f0)
        also = [value for value in (front.durations, front.f0) if value is not None]
        inputs = {name: torch.from_numpy(value) for name, value in line.inputs.items()}
        stream = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
        network, head = executor_of(self.model).by, front.waveform
        if network in (None, self.model):
            network = self.model
        else:
            head = network.waveform
        outputs = network(inputs, seed=stream, pinned=pinned, also=also)
        wave = head(outputs, np.random.default_rng([seed, index]))
        durations = _flat(outputs, front.durations)
        if durations is not None:
            durations = durations * np.float32(front.frames_each)
        return _samples(wave), durations, _flat(outputs, front.f0)

    def _split(self, forced: Speech | None, lines: list[Line]) -> list[_Forced]:
        """What each sentence takes of another speech."""
        if forced is None:
            return [_Forced()] * len(lines)
        phones = tuple(phone for line in lines for phone in line.phonemes)
        if forced.phonemes != phones or len(forced.frames) != len(lines):
            raise ArgumentError(
                f"forced is speech of another text: {forced.text!r} has {len(forced.phonemes)} "
                f"phones in {len(forced.frames)} sentences, this one {len(phones)} in {len(lines)}"
            )
        parts, phone, frame = [], 0, 0
        whole_f0 = self._raw_f0(forced)
        for line, frames in zip(lines, forced.frames, strict=True):
            durations = forced.durations[phone : phone + len(line.phonemes)]
            f0 = whole_f0[frame : frame + frames]
            parts.append(
                _Forced(
                    durations if len(forced.durations) and "durations" in self.takes else None,
                    f0 if len(whole_f0) and "f0" in self.takes else None,
                )
            )
            phone, frame = phone + len(line.phonemes), frame + frames
        return parts

    def _voiced(self, f0: np.ndarray) -> np.ndarray:
        """F0 as the graph gives it, with 0 where it means that there is none."""
        return np.where(f0 > self.frontend.lowest_f0, f0, np.float32(0))

    def _raw_f0(self, forced: Speech) -> np.ndarray:
        """F0 for the graph: what it gave itself, unless somebody has changed it since."""
        raw = forced.decisions.get(_RAW_F0)
        if raw is None or len(raw) != len(forced.f0):
            return forced.f0
        return np.where(self._voiced(raw) == forced.f0, raw, forced.f0)


_RAW_F0 = "f0"
"""Under which a speech keeps F0 as the graph gave it: unvoiced frames have small values there."""


def _whole(durations: np.ndarray) -> np.ndarray:
    """Durations as whole numbers, so that every phone ends as near as can be to where it did."""
    ends = np.round(np.cumsum(durations, dtype=np.float64))
    return np.diff(ends, prepend=0.0).astype(np.float32)


def _flat(outputs: dict[str, Tensor], name: str | None) -> np.ndarray | None:
    return None if name is None else outputs[name].reshape(-1).float().numpy()


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts).astype(np.float32) if parts else np.empty(0, np.float32)


def _samples(wave: Tensor) -> np.ndarray:
    return wave.reshape(-1).numpy().astype(np.float32, copy=False)
