"""Where compiled code is kept."""

import os
import subprocess
import sys
from pathlib import Path

import numba

from lightning_v2.tensix.kernels import compile as compiled
from lightning_v2.tensix.kernels.fpu import fpu

RUN = """
from lightning_v2.tensix.kernels.fpu import fpu
fpu.add(1, 2, 0, True, False)
print(fpu.add.stats.cache_path, sum(fpu.add.stats.cache_hits.values()))
"""


def run(**environment):
    result = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    path, hits = result.stdout.split()
    return Path(path), int(hits)


def test_the_second_process_finds_what_the_first_compiled(tmp_path):
    first, hits = run(NUMBA_CACHE_DIR=str(tmp_path))
    assert hits == 0 and tmp_path in first.parents
    second, hits = run(NUMBA_CACHE_DIR=str(tmp_path))
    assert (second, hits) == (first, 1)


def test_knows_whether_anything_was_compiled(monkeypatch, tmp_path):
    assert not compiled.is_cold()
    monkeypatch.setattr(compiled, "_folder", lambda chosen: tmp_path / "nothing")
    assert compiled.is_cold()


def test_another_text_is_another_folder(monkeypatch, tmp_path):
    (tmp_path / "kernel.py").write_text("a")
    monkeypatch.setattr(compiled, "_HERE", tmp_path)
    folders = []
    for text in ("a", "b"):
        (tmp_path / "kernel.py").write_text(text)
        compiled._folder.cache_clear()
        folders.append(compiled._folder(""))
    compiled._folder.cache_clear()
    assert folders[0] != folders[1]
    assert all(folder.parent == tmp_path / "__pycache__" for folder in folders)


def test_numbas_own_setting_is_left_as_it_was():
    assert fpu.add.stats.cache_path != numba.config.CACHE_DIR
    before = numba.config.CACHE_DIR
    compiled.compiled(lambda x: x)
    assert before == numba.config.CACHE_DIR
