#!/usr/bin/env bash
# gruut 2.4.0 and gruut-ipa 0.13.0: both install a package called `tests`.
#
# Expected: after installing a phonemizer, `import tests` means the folder tests/ of the project one
#   works in, or nothing.
# Seen: site-packages/tests/ holds the test suites of both, and gruut's __init__.py makes it a
#   regular package: a project's own tests/ without an __init__.py cannot be imported any more, and
#   `python -m tests.something` says that there is no such module.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" "$@" --quiet --disable-pip-version-check; }
mkdir -p "$folder/project/tests"
echo 'print("the project")' >"$folder/project/tests/something.py"
cd "$folder/project"
before=$(../venv/bin/python -m tests.something 2>&1 || true)
pip install gruut==2.4.0 gruut-ipa==0.13.0
after=$(../venv/bin/python -m tests.something 2>&1 || true)
echo "python -m tests.something, before gruut is installed: $before"
echo "and after: ${after##*/}"
[[ $before == "the project" && $after == *"No module named tests.something"* ]]
