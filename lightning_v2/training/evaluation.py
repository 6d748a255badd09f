"""How good a voice is, against the teacher, on sentences it was not trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from lightning_v2.analysis.metrics.audio_metrics import pesq_wb_mos
from lightning_v2.model import HOP, SAMPLE_RATE, SourceFilterVoice
from lightning_v2.model.acoustic import FRAME_FEATURES, REFERENCE_F0
from lightning_v2.model.source import accumulate_phase, per_sample, pulse_train, sample_f0
from lightning_v2.text import PHONE_INDEX, Sentence, phonemize
from lightning_v2.training import teacher
from lightning_v2.training.corpus import ENGINE_SHIFT, Corpus, Example, band_basis, build
from lightning_v2.training.excitation import resynthesize, source_phase

_MS_PER_FRAME = 1000 * HOP / SAMPLE_RATE
_PAUSE = PHONE_INDEX["pau"]


@dataclass(frozen=True)
class HeldOut:
    """Sentences with what the teacher says. Keys are those of the corpus."""

    corpus: Corpus
    texts: dict[str, str]
    sentences: dict[str, Sentence]

    @classmethod
    def prepare(cls, texts: dict[str, str], folder: Path, jobs: int) -> "HeldOut":
        """Let the teacher speak texts of one sentence each.

        Raises:
            TeacherMissing: if the teacher is not installed.
        """
        corpus = build(texts, folder, jobs)
        there = set(corpus.keys())
        kept, sentences = {}, {}
        for text_key, text in texts.items():
            key, parts = f"{text_key}_0", phonemize(text)
            if len(parts) == 1 and key in there:
                kept[key], sentences[key] = text, parts[0]
        return cls(corpus, kept, sentences)

    def rendering(self, key: str) -> teacher.Rendering:
        return teacher.render(self.corpus.folder / "labels" / f"{key}.lab")


def copy_synthesis(
    voice: SourceFilterVoice, example: Example, exact: bool, seed: int = 0
) -> np.ndarray:
    """The voice's waveform from the teacher's envelope and pitch, float32 (N,).

    Args:
        exact: with the teacher's own source phase; else with the source that synthesis uses.
    """
    network = voice.model
    f0 = torch.from_numpy(example.f0)[None]
    samples = f0.shape[1] * HOP
    if exact:
        phase, voiced = source_phase(example.teacher_f0, samples, SAMPLE_RATE)
        phase, voiced = torch.from_numpy(phase)[None], torch.from_numpy(voiced)[None].float()
    else:
        phase, voiced = accumulate_phase(f0), per_sample(f0 > 0).float()
    generator = np.random.default_rng(seed)
    noise = torch.from_numpy(generator.standard_normal((1, samples), dtype=np.float32))
    with torch.inference_mode():
        envelope = network.normalize_envelope(torch.from_numpy(example.envelope)[None])
        _, pitch = network.pitch_columns(torch.zeros(1, f0.shape[1], FRAME_FEATURES), f0)
        pulses = pulse_train(phase, sample_f0(_filled(f0))) * voiced
        wave = network.vocoder(envelope, pitch, pulses, noise * (1 - voiced))
    return wave[0].numpy()


def _filled(f0: torch.Tensor) -> torch.Tensor:
    """Where the teacher is voiced between two frames, the pitch of the nearest voiced frame."""
    known = torch.nonzero(f0[0] > 0)[:, 0]
    if len(known) == 0:
        return torch.full_like(f0, REFERENCE_F0)
    index = torch.arange(f0.shape[1])
    nearest = torch.searchsorted(known, index).clamp(max=len(known) - 1)
    before = (nearest - 1).clamp(min=0)
    closer = (index - known[before]).abs() < (known[nearest] - index).abs()
    return f0[:, torch.where(closer, known[before], known[nearest])]


def copy_quality(voice: SourceFilterVoice, held: HeldOut, keys: list[str]) -> dict[str, float]:
    """PESQ-WB of copy synthesis; the ceiling is the teacher against its own second noise draw."""
    rows = []
    for key in tqdm(keys, desc="copy synthesis", unit="sentence"):
        example, rendering = held.corpus.example(key), held.rendering(key)
        noise = np.random.default_rng(1).standard_normal(len(rendering.f0) * teacher.FRAME)
        again = resynthesize(rendering.f0, rendering.cepstra, noise)
        target = example.wave / np.float32(32767)
        rows.append(
            (
                pesq_wb_mos(rendering.wave, again[: len(rendering.wave)], teacher.SAMPLE_RATE),
                pesq_wb_mos(target, copy_synthesis(voice, example, exact=True), SAMPLE_RATE),
                pesq_wb_mos(target, copy_synthesis(voice, example, exact=False), SAMPLE_RATE),
            )
        )
    ceiling, exact, smooth = np.mean(rows, 0)
    return {
        "ceiling_pesq_wb_mos": ceiling,
        "exact_source_pesq_wb_mos": exact,
        "smooth_source_pesq_wb_mos": smooth,
        "exact_source_share_of_ceiling": exact / ceiling,
        "smooth_source_share_of_ceiling": smooth / ceiling,
    }


def acoustic_quality(voice: SourceFilterVoice, held: HeldOut, keys: list[str]) -> dict[str, float]:
    """Errors of predicted durations, and on the teacher's durations of F0, voicing, envelope."""
    rows, spread = [], []
    for key in tqdm(keys, desc="acoustic model", unit="sentence"):
        example = held.corpus.example(key)
        phones = torch.from_numpy(example.phones)[None]
        columns = torch.from_numpy(example.features)[None]
        ends = torch.from_numpy(example.ends)[None]
        with torch.inference_mode():
            free = voice.model.ends(voice.model.duration(voice.model.encoder(phones, columns)))
            frames = voice.model.acoustics(phones, columns, ends)
        error = np.abs(np.diff(free[0].numpy(), prepend=0) - np.diff(example.ends, prepend=0))
        spoken = example.phones != _PAUSE
        count = min(frames.f0.shape[1], len(example.f0))
        ours, theirs = frames.f0[0, :count].numpy(), example.f0[:count]
        both = (ours > 0) & (theirs > 0)
        cents = np.abs(1200 * np.log2(ours[both] / theirs[both]))
        envelope = voice.log_amplitude(frames)[:count]
        rows.append(
            (
                error[spoken].mean() * _MS_PER_FRAME,
                error[~spoken].mean() * _MS_PER_FRAME,
                ((ours > 0) != (theirs > 0)).mean() * 100,
                envelope_mcd_db(envelope, example.envelope[:count]),
            )
        )
        spread.append(cents)
    cents = np.concatenate(spread)
    names = ("duration_mae_ms", "pause_mae_ms", "voicing_error_percent", "envelope_mcd_db")
    return {
        **dict(zip(names, np.mean(rows, 0), strict=True)),
        "f0_median_cents": np.median(cents),
        "f0_rmse_cents": np.sqrt((cents**2).mean()),
    }


def envelope_mcd_db(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distortion of the pitch-free envelopes (T, 64) that a voice predicts, without the level,
    after R. Kubichek, PACRIM 1993; `analysis.recording` has the one of waveforms."""
    basis = band_basis()
    difference = (a - b) @ np.linalg.pinv(basis)
    return float(10 / np.log(10) * np.sqrt(2 * (difference[:, 1:] ** 2).sum(1)).mean())


def pause_peaks_dbfs(example: Example, wave: np.ndarray) -> np.ndarray:
    """Largest sample of every 5 ms inside pauses of teacher-forced speech: clicks stand out."""
    starts = np.concatenate([[0], example.ends[:-1]])
    margin = 4 * ENGINE_SHIFT * SAMPLE_RATE
    width = int(0.005 * SAMPLE_RATE)
    peaks = []
    for phone, start, end in zip(example.phones, starts, example.ends, strict=True):
        if phone == _PAUSE:
            piece = wave[int(start * HOP + margin) : int(end * HOP - margin)]
            blocks = np.abs(piece[: len(piece) // width * width]).reshape(-1, width)
            peaks.append(20 * np.log10(blocks.max(1, initial=1e-6)) if len(blocks) else [])
    return np.concatenate(peaks) if peaks else np.empty(0)
