import re

import pytest

from lightning_v2.report.forecast import Forecast, Usual, measured
from lightning_v2.report.records import Run

KNOWN = {"a": Usual(40, 1000, 10), "b": Usual(20, 2000, 30), "c": Usual(10, 500, 20)}


def runs(*names):
    return [Run(f"{name}.ipynb", None, {}, f"{name}.ipynb") for name in names]


def seconds(words):
    number, unit = re.search(r"about (\d+) (s|min)", words).groups()
    return int(number) * (60 if unit == "min" else 1)


def test_what_is_known_of_a_notebook_counts_and_jobs_share_the_rest(tmp_path):
    words = Forecast(runs("a", "b", "c"), 2, {"a.ipynb": 30.0}, KNOWN).before(tmp_path)
    assert seconds(words) == (30 + 20 + 10) / 2
    assert words.startswith("3 pages to make, 2 at a time: ")


def test_memory_is_of_the_largest_that_run_together_and_disk_of_all(tmp_path):
    words = Forecast(runs("a", "b", "c"), 2, {}, KNOWN).before(tmp_path)
    assert "up to 3.0 GB of memory and 60 MB of disk are needed" in words


def test_of_a_strange_one_the_median_is_expected(tmp_path):
    words = Forecast(runs("x"), 2, {}, KNOWN).before(tmp_path)
    assert seconds(words) == 20 and "1.0 GB of memory and 20 MB" in words


def test_where_nothing_was_measured_only_what_is_free_is_said_before_the_first_has_ended(tmp_path):
    one, *others = runs("a", "b", "c")
    forecast = Forecast([one, *others], 1, {}, {})
    words = forecast.before(tmp_path)
    assert "about" not in words and "needed" not in words
    assert re.search(r"GB of memory and [\d.]+ GB of disk are free$", words)
    one.seconds = 30.0
    assert seconds(forecast.after(one)) == 60


def test_a_machine_that_is_slower_takes_longer():
    one, *others = runs("a", "b", "c")
    forecast = Forecast([one, *others], 1, {}, KNOWN)
    one.seconds = 3.0 * 40
    assert seconds(forecast.after(one)) == pytest.approx(3 * 30, abs=30)
    assert forecast.left == 2


def test_nothing_is_left_at_the_end():
    (run,) = runs("a")
    assert Forecast([run], 4, {}, KNOWN).after(run) == ""


def test_what_was_measured_is_all_there():
    for one in measured().values():
        assert min(vars(one).values()) > 0
