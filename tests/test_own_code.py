"""Code of the user's, and voices that it makes."""

import os
import subprocess
import sys
import threading

import pytest

import lightning_v2 as lv2
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.own_code import keep, kept, made_by
from lightning_v2.search.sweep.voices import digest_of, voice
from lightning_v2.voices import name_of
from tests import own_modules
from tests.own_modules import RATE, made, mel

MINE = """
from parts import Doubles
from tests.own_modules import RATE, mel
import lightning_v2 as lv2


def voice():
    return lv2.ModuleVoice(Doubles(), {"Hello there.": mel()}, audio=RATE, name="mine")


def loss(reference, candidate):
    return abs(reference.waveform - candidate.waveform).max()
"""

PARTS = """
import torch


class Doubles(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(40, 4000, bias=False)
        torch.nn.init.constant_(self.layer.weight, 0.01)

    def forward(self, x):
        return self.layer(x[0, 0]) * %s
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "parts.py").write_text(PARTS % 2)
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    yield path
    sys.modules.pop("parts", None)


def test_a_voice_that_a_file_makes(mine, tmp_path, capsys):
    found = lv2.load(mine)
    assert isinstance(found, lv2.Voice) and found.name == "mine"
    assert str(tmp_path) not in sys.path
    assert digest_of({"voice": str(mine)}) == found.digest == voice(str(mine)).digest
    assert main(["say", "Hello there.", "-o", str(tmp_path / "a.wav"), "--voice", str(mine)]) == 0
    assert main(["say", "No.", "-o", str(tmp_path / "a.wav"), "--voice", str(mine)]) == 2
    assert "'mine' has no inputs for 'No.', only 'Hello there.'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no function 'voice'"),
        ("voice = 1", "has no function 'voice'"),
        ("def voice(:", r"fails: SyntaxError"),
        ("\n1 / 0", r"fails: ZeroDivisionError: division by zero \(.*mine.py:2\)"),
        ("def voice():\n    return nothing", r"voice\(\) of .* fails: NameError.*mine.py:2"),
    ],
)
def test_files_that_make_none(tmp_path, text, words):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=words):
        lv2.load(path)


def test_files_that_make_something_else(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def voice(): return 3")
    with pytest.raises(lv2.CheckpointError, match=r"mine.py: a int is no voice: it lacks"):
        lv2.load(path)
    with pytest.raises(MissingFileError, match=r"there is no file .*other.py"):
        lv2.load(tmp_path / "other.py")


def test_a_voice_is_kept_for_other_processes(tmp_path):
    one = lv2.ModuleVoice(
        [made(own_modules.Generator), lambda wave: wave / 2], {"a": mel()}, audio=RATE, name="a/b c"
    )
    path = name_of(one)
    assert os.path.basename(path).startswith("a-b-c-") and name_of(one) == path
    assert name_of(path) == path and name_of("lark") == "lark"
    again = voice(path)
    assert again.digest == one.digest
    assert (again.synthesize("a").waveform == one.synthesize("a").waveform).all()


def test_any_voice_may_be_kept():
    assert lv2.load(name_of(lv2.load())).digest == lv2.load().digest


def test_what_a_file_made_is_kept_with_its_code(mine):
    path = name_of(lv2.load(mine))
    mine.unlink()
    code = f"import lightning_v2 as lv2; print(lv2.load({path!r}).synthesize('Hello there.').text)"
    there = {**os.environ, "PYTHONPATH": os.pathsep.join([str(mine.parent), *sys.path])}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=there)
    assert said.stdout == "Hello there.\n", said.stderr


def test_what_cannot_be_kept():
    net = made(own_modules.Generator)
    lock = threading.Lock()
    row = [net, lambda wave, lock=lock: wave]
    with pytest.raises(ArgumentError, match="cannot be handed to other processes: TypeError"):
        name_of(lv2.ModuleVoice(row, {"a": mel()}, audio=RATE))
    net.lock = lock
    with pytest.raises(ArgumentError, match="Generator cannot be copied: TypeError"):
        lv2.ModuleVoice(net, {"a": mel()}, audio=RATE)


def test_objects_by_name(tmp_path):
    path = keep({"a": 1}, "some-1")
    assert kept(path) == {"a": 1} and keep({"a": 1}, "some-1") == path
    path.write_bytes(b"damaged")
    with pytest.raises(ArgumentError, match="cannot be read"):
        kept(path)
    with pytest.raises(MissingFileError):
        kept(tmp_path / "none.kept")
    with pytest.raises(MissingFileError):
        made_by(tmp_path / "none.py", "f")
