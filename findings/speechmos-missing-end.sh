#!/usr/bin/env bash
# speechmos 0.0.1.1: DNSMOS does not hear the end of a clip.
#
# Expected: eleven notes in 10.9 s score higher than the same whose last 1.8 s are drowned in noise.
# Seen: all four scores are the same to the last bit. Windows of 9.01 s start at whole seconds, as
#   many as fit into the clip rounded down to whole seconds: what is behind the last one, up to two
#   seconds, is never heard. The same noise at the beginning lowers all four. (The package names none
#   of the packages that it imports: they are installed by name here.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==1.26.4 librosa==0.11.0 \
    onnxruntime==1.32.0 requests==2.34.2 speechmos==0.0.1.1
cd "$folder"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from speechmos import dnsmos

RATE, SECONDS, NOISY = 16000, 10.9, 1.8
time = np.arange(int(SECONDS * RATE)) / RATE
pitch = 2 * np.pi * np.cumsum(180 + 40 * np.sin(2 * np.pi * 0.7 * time)) / RATE
notes = sum(np.sin(k * pitch) / k for k in range(1, 12)) * np.abs(np.sin(np.pi * time)) * 0.1
noise = 0.1 * np.random.default_rng(0).standard_normal(int(NOISY * RATE))
end, start = notes.copy(), notes.copy()
end[-len(noise) :] += noise
start[: len(noise)] += noise

clips = {"the notes": notes, "noise over their end": end, "noise over their start": start}
found = {name: dnsmos.run(clip.astype(np.float32), RATE) for name, clip in clips.items()}
print(f"speechmos {version('speechmos')}")
for name, scores in found.items():
    print(f"  {name}: " + ", ".join(f"{score} {value:.4f}" for score, value in scores.items()))
clean, missed, heard = found.values()
sys.exit(not (clean == missed and all(heard[score] < clean[score] for score in clean)))
PY
