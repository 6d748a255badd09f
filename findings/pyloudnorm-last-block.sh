#!/usr/bin/env bash
# pyloudnorm 0.2.0: the last block counts although the sound ends within it.
#
# Expected: a steady tone of 0.46 s is as loud as its first 0.4 s. ITU-R BS.1770-4, which the meter
#   names as its method, leaves out a block of 400 ms that the end of the sound cuts short.
# Seen: the second block, 360 ms of sound divided by 400 ms, counts as a quieter one. The tone is
#   0.2 dB quieter as soon as it is longer than 0.45 s.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install pyloudnorm==0.2.0 --quiet --disable-pip-version-check
"$folder/venv/bin/python" - <<'END'
import numpy as np
import pyloudnorm

rate = 48000
meter = pyloudnorm.Meter(rate)
tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(rate) / rate)
whole, longer = (meter.integrated_loudness(tone[: int(s * rate)]) for s in (0.4, 0.46))
print(f"0.40 s: {whole:.2f} LUFS, 0.46 s: {longer:.2f} LUFS")
raise SystemExit(not 0.15 < whole - longer < 0.3)
END
