import re

import pytest

from lightning_v2.report.defaults import LONGEST
from lightning_v2.report.forecast import LONGEST_S, OTHERS_S, Forecast
from lightning_v2.report.records import Run


def runs(*names):
    return [Run(f"{name}.ipynb", None, {}, f"{name}.ipynb") for name in names]


def seconds(words):
    number, unit = re.search(r"about (\d+) (s|min)", words).groups()
    return int(number) * (60 if unit == "min" else 1)


def test_what_is_known_of_a_notebook_counts_and_jobs_share_the_rest(tmp_path):
    words = Forecast(runs(LONGEST[0], "a", "b"), 2, {"a.ipynb": 30.0}).before(tmp_path)
    assert seconds(words) == pytest.approx(max(LONGEST_S, (LONGEST_S + 30 + OTHERS_S) / 2))
    assert words.startswith("3 pages to make, 2 at a time: ")


def test_a_machine_that_is_slower_takes_longer():
    one, *others = runs("a", "b", "c")
    forecast = Forecast([one, *others], 1, {})
    one.seconds = 3.0 * OTHERS_S
    assert seconds(forecast.after(one)) == pytest.approx(6 * OTHERS_S, abs=30)
    assert forecast.left == 2


def test_nothing_is_left_at_the_end():
    (run,) = runs("a")
    assert Forecast([run], 4, {}).after(run) == ""
