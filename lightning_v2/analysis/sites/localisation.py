"""Where a site hurts: what it alone, in low precision, changes in which band and at what time.

One site after the other runs as a plan says, all others as PyTorch computes them in float32. The
plan `fp32` would not do for the rest: multipliers of the chip keep 11 bits of a float32, and what
they lose is about as much as a good plan loses at one site.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from lightning_v2 import tensix
from lightning_v2.analysis.metrics.audio_metrics import snr_db
from lightning_v2.analysis.metrics.sound.phase import BAND_EDGES_HZ
from lightning_v2.analysis.metrics.sound.spectrogram import decibels, spectrogram
from lightning_v2.analysis.sites.isolated import called_precisions
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix import SitePrecision

BAND_HZ = 500
"""Width of a band of a map. Tables have the wider ones of `BAND_EDGES_HZ`."""

_HANN_BINS = 1.5  # a sine fills so many bins of a Hann window


@dataclass(frozen=True, eq=False)
class Localisation:
    """What each site alone changes in the waveform. S sites, B bands of 500 Hz, T frames.

    Attributes:
        plan: that one site at a time follows.
        tier: of the emulation of that site.
        text: that was said, with the durations and F0 of the reference.
        sites: names (S), in the order in which they run. Durations and F0 are given, so that
            the sites that predict them are not among them.
        ops: of the sites (S).
        times_s: (T,), middle of each frame.
        band_edges_hz: (B + 1,).
        reference_dbfs: (B, T), level of the reference; a sine of full scale reads 0.
        error_dbfs: (S, B, T), float32, level of candidate minus reference, at least -200.
        snr_db: (S,), energy of the reference over that of the error; inf for no error.
    """

    plan: Plan
    tier: str
    text: str
    sites: tuple[str, ...]
    ops: tuple[str, ...]
    times_s: np.ndarray
    band_edges_hz: np.ndarray
    reference_dbfs: np.ndarray
    error_dbfs: np.ndarray
    snr_db: np.ndarray

    def error_of(self, site: str) -> np.ndarray:
        """The error spectrogram (B, T) of one site in dBFS.

        Raises:
            ArgumentError: the site is not among `sites`.
        """
        if site not in self.sites:
            raise ArgumentError(f"site is {site!r}; legal are the {len(self.sites)} of `sites`")
        return self.error_dbfs[self.sites.index(site)]

    @property
    def table(self) -> pd.DataFrame:
        """A row a site.

        Columns: site, op, snr_db over everything, snr_db_0_to_1000_hz and so on for each band of
        `BAND_EDGES_HZ`, and loudest_error_s, the time at which the error is loudest (NaN for none).
        """
        reference, error = (10 ** (x / 10) for x in (self.reference_dbfs, self.error_dbfs))
        silent = np.isinf(self.snr_db)
        columns = {"site": self.sites, "op": self.ops, "snr_db": self.snr_db}
        for low, high in pairwise(BAND_EDGES_HZ):
            rows = slice(low // BAND_HZ, high // BAND_HZ)
            with np.errstate(invalid="ignore"):  # a band above half the sample rate has no rows
                ratio = 10 * np.log10(reference[rows].sum() / error[:, rows].sum(axis=(1, 2)))
            columns[f"snr_db_{low}_to_{high}_hz"] = np.where(silent, np.inf, ratio)
        loudest = self.times_s[error.sum(axis=1).argmax(axis=1)]
        columns["loudest_error_s"] = np.where(silent, np.nan, loudest)
        return pd.DataFrame(columns)

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        return (
            f"one site at a time as in plan {self.plan.name}, emulated, {self.tier} tier; all "
            "others and the reference: PyTorch float32 · teacher-forced"
        )


def localise(
    voice: Voice,
    text: str,
    plan: Plan | str | Path,
    sites: Collection[str] | None = None,
    tier: str = "fast",
    seed: int = 0,
) -> Localisation:
    """Say a text once for every site, with that site alone in low precision.

    Of long texts take a sentence: a run of all sites is as many syntheses as there are sites.

    Args:
        voice: from `lightning_v2.load`.
        text: any English text.
        plan: name, path or `Plan`.
        sites: names of those that are wanted; all if not given.
        tier: how the emulator computes.
        seed: of the noise.

    Raises:
        PlanError: the plan does not parse or names a site that the voice does not have.
        ArgumentError: a site that does not run, with durations and F0 given, or an unknown tier.
    """
    plan = for_voice(Plan.of(plan), voice_sites(voice))
    plan.check(voice_sites(voice))
    said = voice.synthesize(text, seed=seed)
    with tensix.intercept(voice.model, lambda site: None) as run:
        reference = voice.synthesize(text, seed=seed, forced=said)
    unknown = [site for site in sites or () if site not in run.sites]
    if unknown:
        first, *_, last = run.sites
        raise ArgumentError(
            f"{unknown[0]!r} is no site that runs when durations and F0 are given; legal are the "
            f"{len(run.sites)} from {first!r} to {last!r}"
        )
    wanted = [site for site in run.sites if sites is None or site in sites]
    precisions = called_precisions(voice, plan)
    levels, ratios = [], []
    for site in wanted:
        waveform = _say_with(voice, site, precisions[site], said, tier).waveform
        ratios.append(snr_db(reference.waveform, waveform))
        levels.append(band_levels(waveform - reference.waveform, voice.sample_rate)[0])
    level, times_s = band_levels(reference.waveform, voice.sample_rate)
    return Localisation(
        plan=plan,
        tier=tier,
        text=text,
        sites=tuple(wanted),
        ops=tuple(run.sites[site] for site in wanted),
        times_s=times_s,
        band_edges_hz=band_edges(voice.sample_rate),
        reference_dbfs=level,
        error_dbfs=np.array(levels).reshape(-1, *level.shape),
        snr_db=np.array(ratios),
    )


@dataclass(frozen=True, eq=False)
class SiteAlone:
    """What one site, alone in low precision, sounds like.

    Attributes:
        plan: name of the one that the site follows.
        site: name.
        tier: of the emulation of that site.
        reference: PyTorch float32.
        candidate: the same, but for that site.
    """

    plan: str
    site: str
    tier: str
    reference: Speech
    candidate: Speech


def worst_alone(voice: Voice, localisation: Localisation, seed: int = 0) -> SiteAlone:
    """The site of a localisation that costs the waveform most, to be heard.

    Args:
        voice, seed: as the localisation had them.
    """
    site = localisation.sites[int(localisation.snr_db.argmin())]
    said = voice.synthesize(localisation.text, seed=seed)
    precision = called_precisions(voice, localisation.plan)[site]
    candidate = _say_with(voice, site, precision, said, localisation.tier)
    return SiteAlone(localisation.plan.name, site, localisation.tier, said, candidate)


def _say_with(voice: Voice, site: str, precision: SitePrecision, said: Speech, tier: str) -> Speech:
    """The text, durations and F0 of `said` again, with one site in a precision of its own."""
    with tensix.use(tier=tier), tensix.intercept(voice.model, {site: precision}.get):
        return voice.synthesize(said.text, seed=said.seed, forced=said)


def band_edges(sample_rate: int) -> np.ndarray:
    """Edges (B + 1,) in Hz of the bands of 500 Hz up to half a sample rate."""
    return np.arange(0, sample_rate // 2 + 1, BAND_HZ)


def band_levels(
    waveform: np.ndarray, sample_rate: int, edges_hz: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Levels (B, T), float32, of bands in dBFS, and the times (T,) of the frames.

    Args:
        waveform: (N,).
        sample_rate: Hz.
        edges_hz: (B + 1,), rising; `band_edges` if not given. Bands may lie above half the rate.
    """
    spectra = spectrogram(waveform, sample_rate)
    edges = band_edges(sample_rate) if edges_hz is None else edges_hz
    there = np.searchsorted(spectra.frequencies_hz, edges[-1], side="right")
    power = np.abs(spectra.values[:there]) ** 2 / _HANN_BINS
    power = np.pad(power, ((0, 1), (0, 0)))  # what bands above half the sample rate hold
    starts = np.searchsorted(spectra.frequencies_hz[:there], edges[:-1])
    levels = decibels(np.add.reduceat(power, starts, axis=0), power=True)
    return levels.astype(np.float32), spectra.times_s
