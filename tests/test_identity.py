"""Values that are kept belong to the code that computed them."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from lightning_v2 import identity, sources
from tests import fork_server

ROOT = Path(__file__).parents[1]

KEYS = """
import json
from types import SimpleNamespace
from lightning_v2.cache import code_digest
from lightning_v2.deployment.device.weights import cache_key
from lightning_v2.precision import Plan
from lightning_v2.search.plans import quality
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.sweep import Unit

given = {"sentence": "Hi.", "plan": "{}", "tier": "fast"}
control = {"sentence": "Hi.", "change": "naive plan", "tier": "fast"}
print(json.dumps({
    "cached": code_digest(),
    "weights": cache_key(SimpleNamespace(digest="a"), Plan.load("bf16")),
    "teacher_forced": Unit("teacher_forced", given).key,
    "prosody": Unit("prosody", given).key,
    "control": Unit("control", control).key,
}))
"""

RUN = """
import json
import sys
from lightning_v2.search.plans import quality
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.sweep import Unit
from lightning_v2.search.sweep.worker import run_unit

given = {"voice": "lark", "sentence": "Hi.", "tier": "fast"}
for name, more in (
    ("teacher_forced", {"plan": "default: {weights: bfloat8_b}"}),
    ("free_running", {"plan": "default: {weights: bfloat8_b}"}),
    ("prosody", {"plan": "default: {weights: bfloat8_b}"}),
    ("control", {"change": "bfloat16 phase"}),
):
    unit = Unit(name, given | more)
    outcome = run_unit(
        unit.entry, unit.parameters, unit.voice_digest, unit.surroundings, unit.settings
    )
    assert outcome.error is outcome.bug is None, outcome
loaded = [m for name, m in sys.modules.items() if name.split(".")[0] in ("lightning_v2", "widgets")]
print(json.dumps([m.__file__ for m in loaded]))
"""


def said(script, root=ROOT, *arguments, folder=None):
    """JSON that a new process prints which finds the library in `root`."""
    time.sleep(0.1)  # what is written within a tick of its start counts as newer than a process
    return json.loads(fork_server.python(script, *arguments, place=root, folder=folder or root))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A checkout of its own, and the keys of values there."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lightning_v2", root / "lightning_v2", ignore=ignored)
    shutil.copytree(ROOT / "data" / "plans", root / "data" / "plans")
    return root, said(KEYS, root)


def edited(copy, *names):
    """Which values have another key after a remark was added to files of the checkout."""
    root, before = copy
    wholes = {root / name: (root / name).read_bytes() for name in names}
    try:
        for path, whole in wholes.items():
            path.write_bytes(whole + b"\n# edited\n")
        after = said(KEYS, root)
    finally:
        for path, whole in wholes.items():
            path.write_bytes(whole)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("name", ["tensix/numbers/formats.py", "search/sweep/measurements.py"])
def test_other_code_is_another_key(copy, name):
    assert edited(copy, f"lightning_v2/{name}") == copy[1].keys()


def test_pages_and_commands_change_no_value(copy):
    names = ("cli/main.py", "report/pages/page.html", "cli/check.py")
    assert edited(copy, *(f"lightning_v2/{name}" for name in names)) == set()


def test_a_control_depends_on_the_presets(copy):
    assert edited(copy, "data/plans/naive.yaml") == {"control"}


def test_every_module_that_a_unit_needs_counts():
    counted = set(sources.paths())
    loaded = said(RUN)
    assert len(loaded) > 50
    assert [path for path in loaded if path not in counted] == []


def test_packages_are_all_that_is_required():
    names = {name for name, _ in identity.packages()}
    assert names >= {
        "torch",
        "pesq",
        "pystoi",
        "zimtohrli",
        "faster-whisper",
        "speechmos",
        "librosa",
        "soxr",
    }
    assert names >= {"gruut-lang-en", "llvmlite", "num2words"}  # what those require
    assert "pytest" not in names and "lightning-v2" in names


def test_another_package_is_another_digest(monkeypatch):
    before = identity._digest_of_code()
    monkeypatch.setattr(identity, "packages", lambda: [("pesq", "0.0.5")])
    assert identity._digest_of_code.__wrapped__() != before


EDITED = """
import json
import os
import sys
import time
from pathlib import Path
import lightning_v2

path = Path(lightning_v2.__file__).with_name("cache.py")
whole = path.read_bytes()
path.write_bytes(whole + b"# edited\\n")
if "restored" in sys.argv:
    path.write_bytes(whole)
from lightning_v2.identity import code_digest

before = code_digest()
if not os.fork():
    os._exit(code_digest() == before)
print(json.dumps([before, code_digest(), os.wait()[1]]))
path.write_bytes(whole)
"""


@pytest.mark.parametrize("how", ["edited", "restored"])
def test_sources_that_changed_since_the_import_are_of_no_other_process(copy, how):
    """Neither what was loaded nor what lies there now is all of what runs."""
    root, keys = copy
    first, second = (said(EDITED, root, how) for _ in range(2))
    assert first[0] == first[1] and first[2] == 0
    assert len({first[0], second[0], keys["cached"]}) == 3
    assert said(KEYS, root) == keys


def test_the_library_notes_its_sources_before_it_loads_any():
    loaded = "[m for m in sys.modules if m.startswith('lightning_v2.')]"
    script = f"import json, sys, lightning_v2; print(json.dumps({loaded}))"
    assert said(script) == ["lightning_v2.sources"]


FUNCTION = """
import json
import os
import sys
import time
from pathlib import Path

import mine
from lightning_v2.identity import function_digest

if "edited" in sys.argv:
    Path(mine.__file__).write_text("def work(): return 2")
print(json.dumps([function_digest(mine.work), function_digest(mine.work)]))
"""


def test_a_function_counts_by_the_file_that_was_loaded(tmp_path):
    path, content = tmp_path / "mine.py", "def work(): return 1"
    path.write_text(content)
    time.sleep(0.05)  # the system tells when a process began to a hundredth of a second
    first, again = said(FUNCTION, ROOT, folder=tmp_path)
    assert first == again == hashlib.sha256(content.encode()).hexdigest()
    assert path.read_text() == content
    edited, same = said(FUNCTION, ROOT, "edited", folder=tmp_path)
    assert edited == same != hashlib.sha256(path.read_bytes()).hexdigest() != first


def test_a_function_of_a_cell_counts_by_its_code():
    def cell(text):
        scope = {}
        exec(compile(text, "<cell>", "exec"), scope)
        return identity.function_digest(scope["f"])

    texts = [
        "def f(x): return x in {'a', 'b'}",
        "def f(x): return x in {'a', 'c'}",
        "def f(x, y=1): return x in {'a', 'b'}",
        "def f(x): return (lambda z: z + x)(1)",
        "def f(x): return (lambda z: z + x)(2)",
    ]
    assert len({cell(text) for text in texts}) == len(texts)
    assert cell(texts[0]) == cell("\n\n" + texts[0])


def test_a_function_counts_by_its_file():
    assert identity.function_digest(said) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    assert identity.function_digest(len) == ""
