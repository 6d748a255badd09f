"""The teacher: Debian's festival and hts_engine with the voice `festvox-us-slt-hts`.

Festival turns our own words, pronunciations and phrase breaks into full-context labels;
hts_engine turns labels into durations, F0, mel-cepstra and a 32 kHz wave. The teacher therefore
speaks exactly the phones of our front end.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile

from lightning_v2.errors import LightningError
from lightning_v2.text import PAUSE, Sentence

VOICE = Path(
    "/usr/share/festival/voices/us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice"
)
SAMPLE_RATE = 32000
FRAME = 160  # samples: 5 ms
CEPSTRA = 45
WARPING = 0.45  # alpha of the mel-cepstra


class TeacherError(LightningError, RuntimeError):
    """A program of the teacher failed; the message holds what it said."""


class TeacherMissing(TeacherError):
    """A program or voice of the teacher is not installed; the message names the Debian package."""


@dataclass(frozen=True)
class Rendering:
    """What the teacher says, at its own rates. Letters: N samples, K frames of 5 ms, P phones.

    Attributes:
        wave: float32 (N,) at 32 kHz.
        f0: float32 (K,) Hz, 0 where unvoiced.
        cepstra: float32 (K, 45) mel-cepstrum, alpha 0.45, natural log amplitude of 16-bit samples.
        phones: the P phones; two pauses in a row are one.
        ends: float32 (P,) end of each phone in seconds.
    """

    wave: np.ndarray
    f0: np.ndarray
    cepstra: np.ndarray
    phones: tuple[str, ...]
    ends: np.ndarray


def require_teacher(*programs: str) -> None:
    """Check that the programs and the voice are there.

    Raises:
        TeacherMissing: naming the Debian package that brings what is missing.
    """
    packages = {"festival": "festival festvox-us-slt-hts", "hts_engine": "htsengine"}
    for program in programs:
        if shutil.which(program) is None:
            raise TeacherMissing(f"{program} is not installed: apt-get install {packages[program]}")
    if not VOICE.exists():
        raise TeacherMissing(f"{VOICE} is missing: apt-get install festvox-us-slt-hts")


def write_labels(sentences: dict[str, Sentence], folder: Path) -> None:
    """Write the teacher's full-context labels of sentences to `folder/<key>.lab`.

    Raises:
        TeacherMissing: if festival or its voice is not installed.
        TeacherError: if festival fails.
    """
    _run_festival(
        ("festival_labels.scm", "festival_given.scm"),
        {key: (sentence.text.lower(), _given(sentence)) for key, sentence in sentences.items()},
        folder,
    )


def own_phones(texts: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """The phones that the teacher's own front end would choose for texts, pauses left out.

    Raises:
        TeacherMissing: if festival or its voice is not installed.
        TeacherError: if festival fails.
    """
    plain = {key: (text.replace("\\", " ").replace('"', ""), "") for key, text in texts.items()}
    with tempfile.TemporaryDirectory() as scratch:
        _run_festival(("festival_labels.scm",), plain, Path(scratch))
        return {
            key: tuple(p for p in label_phones(Path(scratch) / f"{key}.lab") if p != PAUSE)
            for key in texts
        }


def _run_festival(parts: tuple[str, ...], jobs: dict[str, tuple[str, str]], folder: Path) -> None:
    """Label texts, each with pronunciations in Scheme, by a script made of our parts."""
    require_teacher("festival")
    folder.mkdir(parents=True, exist_ok=True)
    script = [(resources.files(__package__) / part).read_text() for part in parts]
    script += [
        f'(label "{folder.resolve() / key}.lab" "{text}" \'({given}))'
        for key, (text, given) in jobs.items()
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".scm") as file:
        file.write("\n".join(script))
        file.flush()
        done = subprocess.run(["festival", "-b", file.name], capture_output=True, text=True)
    if done.returncode or "ERROR" in done.stderr:
        raise TeacherError(f"festival failed: {done.stderr.strip()[-500:]}")


def _given(sentence: Sentence) -> str:
    return " ".join(
        f'("{word.text.lower()}" ('
        + " ".join(f"(({' '.join(s.phones)}) {int(s.stressed)})" for s in word.syllables)
        + "))"
        for word in sentence.words
    )


def label_phones(path: Path) -> tuple[str, ...]:
    """Phones of a label file, runs of pauses as one."""
    return _merge_pauses([_phone_of(line.split()[2]) for line in path.read_text().splitlines()])[0]


def _phone_of(label: str) -> str:
    return label.split("-", 1)[1].split("+", 1)[0]


def _merge_pauses(phones: list[str]) -> tuple[tuple[str, ...], list[int]]:
    """Phones with runs of pauses as one, and the index of the last member of each run."""
    merged, last = [], []
    for index, phone in enumerate(phones):
        if merged and phone == merged[-1] == PAUSE:
            last[-1] = index
        else:
            merged.append(phone)
            last.append(index)
    return tuple(merged), last


def render(labels: Path) -> Rendering:
    """Let the teacher speak a label file.

    Raises:
        TeacherMissing: if hts_engine or the voice is not installed.
        subprocess.CalledProcessError: if hts_engine refuses the labels.
    """
    require_teacher("hts_engine")
    with tempfile.TemporaryDirectory() as scratch:
        out = {name: f"{scratch}/{name}" for name in ("wave", "f0", "cepstra", "ends")}
        subprocess.run(
            ["hts_engine", "-m", str(VOICE), "-u", "0.5", "-ow", out["wave"], "-of", out["f0"],
             "-om", out["cepstra"], "-od", out["ends"], str(labels)],
            check=True, capture_output=True,
        )  # fmt: skip
        wave, _ = soundfile.read(out["wave"], dtype="float32")
        log_f0 = np.fromfile(out["f0"], np.float32)
        cepstra = np.fromfile(out["cepstra"], np.float32).reshape(len(log_f0), CEPSTRA)
        lines = [line.split() for line in Path(out["ends"]).read_text().splitlines()]
    phones, last = _merge_pauses([_phone_of(line[2]) for line in lines])
    ends = np.array([int(line[1]) * 1e-7 for line in lines], np.float32)[last]
    voiced = log_f0 > 0
    f0 = np.where(voiced, np.exp(np.where(voiced, log_f0, 0)), 0).astype(np.float32)
    return Rendering(wave, f0, cepstra, phones, ends)
