#!/usr/bin/env bash
# num2words 0.5.14: the sign of numbers between -1 and 0 is lost.
#
# Expected: "minus zero point five" for -0.5, as "minus one point five" for -1.5.
# Seen: "zero point five". As a currency the same number keeps its sign.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check num2words==0.5.14
cd "$folder"
venv/bin/python - <<'PY'
import sys
from decimal import Decimal
from importlib.metadata import version

from num2words import num2words

SEEN = {
    -0.5: "zero point five",
    Decimal("-0.25"): "zero point two five",
    -1.5: "minus one point five",
    -1: "minus one",
}
print(f"num2words {version('num2words')}")
found = {number: num2words(number) for number in SEEN}
money = num2words(-0.5, to="currency", currency="USD")
for number, words in found.items():
    print(f"  {number}: {words}")
print(f"  -0.5 as a currency: {money}")
sys.exit(found != SEEN or not money.startswith("minus"))
PY
