"""The natural voice that ships."""

import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.resources import data_path

TEXT = "Most of them came by sea, and two by road."


@pytest.fixture(scope="module")
def lark():
    return lv2.load("lark")


def test_it_speaks_as_its_teacher_reads(lark):
    speech, taught = lark.synthesize(TEXT), lv2.load("hibari").synthesize(TEXT)
    assert speech.phonemes == taught.phonemes
    assert abs(speech.duration_s / taught.duration_s - 1) < 0.1
    assert 0.05 < np.abs(speech.waveform).max() < 1
    voiced = speech.f0[speech.f0 > 0]
    assert 150 < np.median(voiced) < 260


def test_nearly_the_same_in_bfloat16(lark):
    comparison = lv2.compare(lark, TEXT, "bf16")
    assert comparison.metrics["pesq_wb_mos"] > 4.3


def test_it_fits_into_24_mb():
    files = data_path("voices", "lark").iterdir()
    assert sum(path.stat().st_size for path in files) <= 24e6
