#!/usr/bin/env bash
# zimtohrli 0.2.1: a clip that lacks its end is called identical.
#
# Expected: eight notes and the first five of them are further apart than eight notes and the same
#   with a little noise.
# Seen: their distance is 0 (identical) in either order, and so is that of the first seven; with
#   silence in place of what is missing it is 6e-4, with noise 4e-3. Whoever compares clips of
#   different lengths has to look at the lengths.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==1.26.4 zimtohrli==0.2.1.post1
cd "$folder"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from zimtohrli import Pyohrli

RATE, NOTE = 48000, 24000
time = np.arange(NOTE) / RATE
window = 0.3 * np.hanning(NOTE)
notes = [window * np.sin(2 * np.pi * hz * time) for hz in (300, 500, 800, 400, 1200, 250, 900, 600)]
tune = np.concatenate(notes).astype(np.float32)
noise = np.random.default_rng(0).standard_normal(len(tune)).astype(np.float32)
silent = tune.copy()
silent[5 * NOTE :] = 0

ear = Pyohrli()
found = {
    "the first five notes": ear.distance(tune, tune[: 5 * NOTE]),
    "the first five notes, as the reference": ear.distance(tune[: 5 * NOTE], tune),
    "the first seven notes": ear.distance(tune, tune[: 7 * NOTE]),
    "five notes, then silence": ear.distance(tune, silent),
    "all notes, with a little noise": ear.distance(tune, tune + 3e-4 * noise),
}
print(f"zimtohrli {version('zimtohrli')}, distance from eight notes (0: identical) of")
for name, distance in found.items():
    print(f"  {name}: {distance:.2e}")
*short, silence, noisy = found.values()
sys.exit(not (max(short) < 1e-6 and silence > 1e-4 and noisy > 1e-3))
PY
