#!/usr/bin/env bash
# pesq 0.0.4 (wide band): silence before both clips moves the score of a pair by some tenths.
#
# Expected: a few hundredths of a second of digital silence before the reference and before the
#   candidate change nothing that anybody hears, and change the score (1 to 4.64) by next to nothing.
# Seen: of four sentences of a public voice, rounded to steps of 1/256, one is scored between 2.4
#   and 2.8, depending on whether 0, 6, 12, 19, 25 or 31 ms come before it, in no order; others
#   move by some hundredths. What has changed is where frames begin. Whoever compares two systems by
#   single pairs has to feed each pair several times, or to take many pairs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==1.26.4 pesq==0.0.4 hibari-tts==0.2.1 soxr==1.1.0
cd "$folder"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import soxr
from hibari import Hibari
from pesq import pesq

SENTENCES = (
    "Rice is often served in round bowls.",
    "The birch canoe slid on the smooth planks.",
    "It is easy to tell the depth of a well.",
    "The box was thrown beside the parked truck.",
)
LEADS = range(0, 501, 100)  # samples at 16 kHz

voice, spreads = Hibari(threads=1), []
print(f"pesq {version('pesq')}, wide band, each pair with {', '.join(map(str, LEADS))} zeros before")
for sentence in SENTENCES:
    said = np.asarray(voice(sentence, seed=0), np.float64)
    reference = soxr.resample(said / np.abs(said).max() / 2, 24000, 16000)
    candidate = np.round(reference * 256) / 256
    pairs = ([np.append(np.zeros(n), x).astype(np.float32) for x in (reference, candidate)] for n in LEADS)
    scores = [pesq(16000, *pair, "wb") for pair in pairs]
    spreads.append(max(scores) - min(scores))
    print(f"  {sentence:45}", " ".join(f"{score:.2f}" for score in scores))
print(f"largest spread of one pair: {max(spreads):.2f}")
sys.exit(not max(spreads) > 0.2)
PY
