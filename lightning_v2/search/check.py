"""Is a plan equivalent to float32? Many sentences, the equivalence test, and its controls."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pandas as pd

from lightning_v2.analysis.metrics.endpoints import ENDPOINTS, Endpoint, Run
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.metrics.recording import read as read_recording
from lightning_v2.analysis.verdict.control_verdict import ControlVerdict
from lightning_v2.analysis.verdict.controls import CONTROLS, Control, lacking
from lightning_v2.analysis.verdict.equivalence import (
    ENOUGH_SENTENCES,
    LEAST_RESAMPLES,
    RESAMPLES,
    judge,
)
from lightning_v2.analysis.verdict.looks import Look, looks_of
from lightning_v2.deployment.emulate import emulate
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.files import user_cache
from lightning_v2.identity import code_label
from lightning_v2.model.protocol import Voice, language_of, only_sentences
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.resources import DEFAULT_VOICE, held_out_texts
from lightning_v2.search.check_record import Check, Reference
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.store import Results
from lightning_v2.search.sweep.sweep import Unit, sweep_in_parts
from lightning_v2.search.sweep.voices import voice as voice_of
from lightning_v2.tensix.numbers import configuration
from lightning_v2.voices import name_of


class CheckError(LightningError, RuntimeError):
    """A check without an answer: units of it failed."""


def held_out(count: int, own: Sequence[str] | None = None) -> dict[str, str]:
    """The first sentences of data/sentences/heldout.tsv, which the voice was not trained on.

    Args:
        count: how many.
        own: those of a voice that speaks no others; fewer than asked for are enough.

    Raises:
        ArgumentError: fewer than 2 are asked for, or more than there are.
    """
    texts = held_out_texts() if own is None else {text: text for text in own}
    count = count if own is None else min(count, len(own))
    if not 2 <= count <= len(texts):
        raise ArgumentError(f"{count} sentences asked for; legal are 2 to {len(texts)}")
    return dict(islice(texts.items(), count))


def check(
    plan: Plan | str | Path,
    sentences: Mapping[str, str] | None = None,
    *,
    voice: str | Path | Voice = DEFAULT_VOICE,
    reference: str | Path | Voice | None = None,
    tier: str = "fast",
    seed: int = 0,
    controls: bool = True,
    recordings: str | Path | None = None,
    folder: str | Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: bool = True,
    endpoints: Sequence[Endpoint] = ENDPOINTS,
    resamples: int = RESAMPLES,
    early: bool = True,
) -> Check:
    """Test whether a plan is equivalent to float32. An interrupted check goes on where it was.

    A plan that plainly fails is answered by the first few sentences (`analysis.verdict.looks`).

    Args:
        plan: name, path or `Plan`.
        sentences: identifier -> text; if not given 100 held-out ones, in English, or those of a
            voice that speaks no others.
        voice: a voice, or what `load` knows it by.
        reference: the voice whose float32 is the reference, such as the one that `voice` was
            adapted from; itself if not given. Controls are of it.
        tier: how the emulator computes, "fast" or "exact".
        seed: of the noise, the same for all.
        controls: test what must pass and what must fail as well, as far as the voice can do it.
            Their results depend on voice, sentences and tier, not on the plan, and are kept like
            all others.
        recordings: folder of WAV files named after the sentences, mono at the rate of the voice,
            that say how far plan and float32 are from them; sentences without one are left out
            there.
        folder: of results; one among the user's caches if not given.
        scheduler, workers, progress: see `sweep`.
        endpoints: of the test.
        resamples: of the bootstrap.
        early: whether the first sentences may decide against the plan; else all of them are
            measured, and every figure of a plan that fails is of all.

    Raises:
        ArgumentError: nothing can be said with so few sentences, endpoints or resamples.
        PlanError: the plan does not parse or names a site that the voice does not have.
        CheckError: units failed.
        ClusterError, ArgumentError, OSError, UnitBug: see `sweep`.
    """
    voice = name_of(voice)
    reference = None if reference is None else name_of(reference)
    speaker = voice_of(voice)
    if sentences is None:
        sentences = held_out(ENOUGH_SENTENCES, only_sentences(speaker))
    sentences = dict(sentences)
    _refuse_what_is_too_little(sentences, endpoints, resamples)
    plan = for_voice(Plan.of(plan), voice_sites(speaker))
    with emulate(speaker, plan, tier=tier):
        pass  # what is wrong with the plan or the tier is said here, not by a hundred units
    paths = None
    if recordings is not None:
        if "durations" not in speaker.takes:
            raise ArgumentError(
                f"voice {speaker.name!r} cannot be given durations, so that it cannot speak with "
                "those of recordings"
            )
        paths = find_recordings(Path(recordings), sentences, speaker.sample_rate)
    runs = {endpoint.run for endpoint in endpoints}
    known = [c for c in CONTROLS if controls and not runs.isdisjoint(c.runs)]
    left_out = {c.name: why for c in known if (why := lacking(speaker, c.needs))}
    asked = [c for c in known if c.name not in left_out]
    left_out |= _unheard(speaker, sentences, endpoints)
    given = {"voice": voice, "tier": tier, "seed": seed}
    of_controls = {**given, "voice": reference or voice}

    def units(look: Look) -> list[Unit]:
        texts = list(sentences.values())[: look.sentences]
        found = plan_units(plan, texts, reference=reference, **given)
        if paths:
            found += recording_units(plan, {x: paths[x] for x in texts if x in paths}, **given)
        return found + [unit for c in asked for unit in _control_units(c, texts, **of_controls)]

    def judged(look: Look, rows: pd.DataFrame) -> Check:
        records = plan_records(rows)
        free = records["free-running"]
        return Check(
            plan=plan,
            voice=voice,
            voice_digest=speaker.digest,
            tier=tier,
            seed=seed,
            sentences=tuple(sentences)[: look.sentences],
            verdict=judge(records, endpoints, resamples, look=look),
            controls=tuple(
                ControlVerdict(
                    c.name,
                    c.what,
                    c.must,
                    judge(_control_records(rows, c), endpoints, resamples, look=look),
                )
                for c in asked
            ),
            free_running={
                metric.name: float(free[metric.name].mean())
                for metric in METRICS
                if free[metric.name].notna().any()
            },
            code=tuple(sorted(set(rows["code"]))),
            resamples=resamples,
            asked=len(sentences),
            error=look.error,
            left_out=left_out,
            set_aside=Results(store).of_other_code(code_label()),
            arch=configuration.settings().arch,
            reference=reference and Reference(reference, voice_of(reference).digest),
        )

    store = Path(folder or user_cache() / "sweeps")
    looks = looks_of(len(sentences), early)
    parts = sweep_in_parts(
        [units(look) for look in looks],
        store,
        scheduler=scheduler,
        workers=workers,
        progress=progress,
    )
    with closing(parts):
        for look, rows in zip(looks, parts, strict=True):
            _refuse_failures(rows)
            found = judged(look, rows)
            seen = all(c.right for c in found.controls if c.must == "fail")
            if found.answer == "not equivalent" and seen:
                break
    return found


def _refuse_failures(rows: pd.DataFrame) -> None:
    failed = rows[rows["error"].notna()]
    if len(failed):
        first = failed.iloc[0]
        raise CheckError(
            f"{len(failed)} of {len(rows)} units failed, for example {first['measurement']} of "
            f"{first['sentence']!r}: {first['error']}"
        )


def plan_units(
    plan: Plan,
    sentences: Sequence[str],
    *,
    voice: str = DEFAULT_VOICE,
    tier: str = "fast",
    seed: int = 0,
    reference: str | None = None,
) -> list[Unit]:
    """What has to be measured for a verdict on a plan; `plan_records` makes records of it.

    reference: see `check`.
    """
    common = {"voice": reference or voice, "seed": seed}
    under = {"voice": voice, "seed": seed, "plan": measurements.plan_text(plan), "tier": tier}
    if reference is not None:
        under["reference"] = reference
    return [
        unit
        for sentence in sentences
        for unit in (
            Unit("teacher_forced", {"sentence": sentence, **under}),
            Unit("free_running", {"sentence": sentence, **under}),
            Unit("alone", {"sentence": sentence, **common}),
        )
    ]


def recording_units(
    plan: Plan,
    recordings: Mapping[str, Path],
    *,
    voice: str = DEFAULT_VOICE,
    tier: str = "fast",
    seed: int = 0,
) -> list[Unit]:
    """Like `plan_units`, for the endpoints that need recordings: sentence -> path."""
    units = []
    for sentence, path in recordings.items():
        common = {
            "voice": voice,
            "sentence": sentence,
            "seed": seed,
            "recording": str(path),
            "recording_digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for text, how in ((None, None), (measurements.plan_text(plan), tier)):
            units.append(Unit("against_recording", {**common, "plan": text, "tier": how}))
    return units


def find_recordings(
    folder: Path, sentences: Mapping[str, str], sample_rate: int
) -> dict[str, Path]:
    """Sentence -> its WAV file in a folder, for those that have one.

    Raises:
        ArgumentError: none has, or one cannot be used.
    """
    paths = {text: folder.resolve() / f"{name}.wav" for name, text in sentences.items()}
    found = {text: path for text, path in paths.items() if path.exists()}
    if not found:
        raise ArgumentError(
            f"{folder} has no recording of a sentence, such as {next(iter(sentences))}.wav"
        )
    for path in found.values():
        read_recording(path, sample_rate)
    return found


def plan_records(rows: pd.DataFrame) -> dict[Run, pd.DataFrame]:
    """Records for `judge` of the rows of `plan_units` of one plan."""
    free = _of(rows, "free_running")
    free = free.assign(**measurements.naturalness_change(_of(rows, "alone"), free))
    records: dict[Run, pd.DataFrame] = {
        "teacher-forced": _of(rows, "teacher_forced"),
        "free-running": free.assign(**_words(rows, free["heard"])),
    }
    recorded = _of(rows, "against_recording")
    if recorded.empty:
        return records
    reference, under = recorded[recorded["plan"].isna()], recorded[recorded["plan"].notna()]
    changes = {
        "pesq_change_mos": "pesq_wb_mos",
        "stoi_change": "stoi",
        "mcd_change_db": "mcd_db",
    }
    change = pd.DataFrame({name: under[of] - reference[of] for name, of in changes.items()})
    return {**records, "recordings": change}


def _unheard(
    speaker: Voice, sentences: Mapping[str, str], endpoints: Sequence[Endpoint]
) -> dict[str, str]:
    """Endpoint -> why its words are not recognised, where that is so of all sentences."""
    languages = {language_of(speaker, text) for text in sentences.values()}
    if "en" in languages:
        return {}
    why = f"the recogniser knows English, these sentences are in {', '.join(sorted(languages))}"
    return {e.label: why for e in endpoints if (e.weight or "").startswith("words") and not e.void}


def _control_units(
    control: Control, sentences: Sequence[str], *, voice: str, tier: str, seed: int
) -> list[Unit]:
    given = {
        "voice": voice,
        "seed": seed,
        "change": control.name,
        "tier": tier if control.emulated else None,
    }
    return [Unit("control", {"sentence": sentence, **given}) for sentence in sentences]


def _control_records(rows: pd.DataFrame, control: Control) -> dict[Run, pd.DataFrame]:
    records = _of(rows[rows["change"] == control.name], "control")
    if control.must == "pass":
        records = records.assign(**_words(rows, records["heard"]))
    return dict.fromkeys(control.runs, records)


def _refuse_what_is_too_little(
    sentences: Mapping[str, str], endpoints: Sequence[Endpoint], resamples: int
) -> None:
    if len(sentences) < 2:
        raise ArgumentError(f"{len(sentences)} sentences; a confidence bound needs at least 2")
    if not endpoints:
        raise ArgumentError("no endpoints: nothing is asked")
    if resamples < LEAST_RESAMPLES:
        raise ArgumentError(f"resamples is {resamples}; legal are {LEAST_RESAMPLES} and more")


def _of(rows: pd.DataFrame, measurement: str) -> pd.DataFrame:
    return rows[rows["measurement"] == measurement].set_index("sentence")


def _words(rows: pd.DataFrame, heard: pd.Series) -> dict[str, list[float]]:
    """Columns of `measurements.words_heard` against what was heard of float32, which is also what
    was heard where the bits are the same."""
    reference = _of(rows, "alone")["heard"]
    heard = heard.where(heard.notna(), reference)
    found = pd.DataFrame(
        [measurements.words_heard(text, reference[text], words) for text, words in heard.items()]
    )
    return {name: found[name].tolist() for name in found}
