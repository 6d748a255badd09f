import re

import pytest

from lightning_v2.report.forecast import Forecast, usual
from lightning_v2.report.records import Run
from lightning_v2.report.run import find_notebooks


def runs(*names):
    return [Run(f"{name}.ipynb", None, {}, f"{name}.ipynb") for name in names]


def seconds(words):
    number, unit = re.search(r"about (\d+) (s|min)", words).groups()
    return int(number) * (60 if unit == "min" else 1)


def test_what_is_known_of_a_notebook_counts_and_jobs_share_the_rest(tmp_path):
    words = Forecast(runs("a", "b", "c"), 2, {"a.ipynb": 30.0}).before(tmp_path)
    strange = usual("b.ipynb").seconds
    assert seconds(words) == pytest.approx(max(strange, (30 + 2 * strange) / 2), abs=30)
    assert words.startswith("3 pages to make, 2 at a time: ")


def test_memory_is_of_the_largest_that_run_together_and_disk_of_all(tmp_path):
    names = "00_explore", "05_layer_errors", "07_find_a_plan"
    known = [usual(f"{name}.ipynb") for name in names]
    words = Forecast(runs(*names), 2, {}).before(tmp_path)
    memory, disk = re.search(r"up to ([\d.]+) GB of memory .* and (\d+) MB of disk", words).groups()
    assert float(memory) == pytest.approx(
        sum(sorted(one.memory_mb for one in known)[1:]) / 1e3, abs=0.06
    )
    assert int(disk) == pytest.approx(sum(one.disk_mb for one in known), abs=1)


def test_a_machine_that_is_slower_takes_longer():
    one, *others = runs("a", "b", "c")
    forecast = Forecast([one, *others], 1, {})
    one.seconds = 3.0 * usual("a.ipynb").seconds
    assert seconds(forecast.after(one)) == pytest.approx(6 * usual("a.ipynb").seconds, abs=30)
    assert forecast.left == 2


def test_nothing_is_left_at_the_end():
    (run,) = runs("a")
    assert Forecast([run], 4, {}).after(run) == ""


def test_every_notebook_was_measured():
    for path in find_notebooks(None, None):
        known = usual(path.name)
        assert known != usual("a.ipynb") and min(vars(known).values()) > 0
