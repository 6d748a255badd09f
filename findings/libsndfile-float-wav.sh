#!/usr/bin/env bash
# soundfile 0.13.1 (libsndfile 1.2.2): the same samples, written twice, are different files.
#
# Expected: the bytes of a WAV file follow from its samples, rate and sample format, as they do for
#   16-bit samples and for 32-bit floats in CAF or RF64. Digests of files can then be compared.
# Seen: WAV, WAVEX and AIFF of 32- or 64-bit floats hold a PEAK chunk with the time of day in
#   seconds. soundfile has no argument that leaves it out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==1.26.4 soundfile==0.13.1
cd "$folder"
venv/bin/python - <<'PY'
import io
import sys
import time

import numpy as np
import soundfile

WITH_TIME = {("WAV", "FLOAT"), ("WAV", "DOUBLE"), ("WAVEX", "FLOAT"), ("AIFF", "FLOAT")}
WITHOUT = {("WAV", "PCM_16"), ("RF64", "FLOAT"), ("CAF", "FLOAT"), ("AU", "FLOAT")}


def written():
    files = {}
    for kind, subtype in WITH_TIME | WITHOUT:
        file = io.BytesIO()
        samples = np.linspace(-0.5, 0.5, 1000, dtype=np.float32)
        soundfile.write(file, samples, 24000, format=kind, subtype=subtype)
        files[kind, subtype] = file.getvalue()
    return files


first = written()
time.sleep(1.1)
second = written()
differ = {name for name in first if first[name] != second[name]}
print(f"libsndfile {soundfile.__libsndfile_version__}, written again a second later, differ:")
print(", ".join(f"{kind} {subtype}" for kind, subtype in sorted(differ)))
sys.exit(differ != WITH_TIME)
PY
