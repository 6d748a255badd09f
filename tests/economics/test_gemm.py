"""The model beside published products: a few anew, all of them as the benchmark kept them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lightning_v2.economics.gemm import LOOSE, compared, published

ROOT = Path(__file__).parents[2]
MEDIAN = 0.25
"""What the median of the relative errors may be."""


@pytest.fixture(scope="module")
def kept():
    record = json.loads((ROOT / "benchmarks/results/gemm.json").read_text())
    return pd.DataFrame(record["rows"], columns=record["columns"])


def test_all_rows_of_the_report_are_there():
    rows = published()
    assert len(rows) == 702
    assert not rows.duplicated(list(rows.columns.drop("nanoseconds"))).any()
    assert set(rows["board"]) == {"n150", "p150"}
    counts = rows.groupby(["grid", "configuration"]).size()
    assert (counts.xs("auto", level=1) == 78).all() and (counts.xs("tuned", level=1) == 156).all()


def test_small_traced_products_are_met():
    rows = published()
    few = rows[rows["traced"] & (rows["m"] < 700) & (rows["configuration"] == "tuned")]
    found = compared(few)
    assert len(found) == 45
    assert (found["ratio"] - 1).abs().median() < MEDIAN
    assert not found["why"].any()


def test_the_record_shows_every_row_and_explains_the_loose_ones(kept):
    errors = (kept["ratio"] - 1).abs()
    assert len(kept) == 702
    assert errors.median() <= MEDIAN
    loose = kept[errors > LOOSE]
    assert loose["why"].str.len().min() > 0
    assert not loose["why"].str.contains("not understood").any()
    assert not kept.loc[errors <= LOOSE, "why"].any()


def test_the_record_is_of_this_model(kept):
    few = published().iloc[::150]
    keys = ["board", "grid", "configuration", "traced", "dtype", "math_fidelity", "m", "k", "n"]
    both = compared(few).merge(kept, on=keys, suffixes=("", "_kept"))
    assert len(both) == len(few)
    assert (both["ratio"] == both["ratio_kept"]).all()
