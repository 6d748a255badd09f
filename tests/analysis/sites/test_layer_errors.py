import math
from dataclasses import replace

import pytest
import torch

from lightning_v2.analysis.sites.layer_errors import FIGURES, LayerErrors
from lightning_v2.tensix import SiteCall


def play(outputs):
    """A run that makes these calls: (site, op, values)."""

    def run(observe):
        for site, op, values in outputs:
            observe(SiteCall(site, op, None, (torch.tensor(values),), {}, torch.tensor(values)))
        return "result"

    return run


def halved(call):
    return call.args[0] * 0.5


def errors_of(reference, candidate):
    errors = LayerErrors(halved)
    play(reference)(errors.observe_reference)
    assert errors.accumulate(play(reference), play(candidate)) == "result"
    return errors


def test_isolated_and_accumulated_are_kept_apart():
    table = errors_of(
        [("a", "linear", [1.0, 2.0]), ("b", "gelu", [4.0])],
        [("a", "linear", [1.0, 2.0]), ("b", "gelu", [3.0])],
    ).table()
    table = table.set_index("site")
    assert list(table.index) == ["a", "b"]
    assert table["op"].tolist() == ["linear", "gelu"]
    assert table["isolated_gain"].tolist() == [0.5, 0.5]
    assert table["accumulated_gain"].tolist() == [1.0, 0.75]
    assert table["accumulated_sqnr_db"]["a"] == math.inf
    assert table["isolated_relative_rms"].tolist() == [0.5, 0.5]
    assert table["isolated_gain_share"].tolist() == pytest.approx([1, 1])
    assert {f"accumulated_{name}" for name in FIGURES} < set(table.columns)


def test_calls_of_a_site_are_paired_in_order():
    table = errors_of(
        [("a", "add", [1.0]), ("a", "add", [10.0])], [("a", "add", [1.0]), ("a", "add", [11.0])]
    ).table()
    assert table["accumulated_max_abs"][0] == 1.0


def test_the_two_may_come_by_their_sites_in_another_order():
    table = errors_of(
        [("a", "add", [1.0]), ("b", "add", [2.0]), ("c", "add", [4.0])],
        [("c", "add", [4.0]), ("a", "add", [0.5]), ("b", "add", [1.0])],
    ).table()
    assert table["accumulated_gain"].tolist() == [0.5, 0.5, 1.0]


def test_other_shapes_and_missing_sites_have_no_accumulated_error():
    reference = [("a", "add", [1.0]), ("b", "add", [1.0])]
    errors = errors_of(reference, [("a", "add", [1.0, 2.0])])
    table = errors.table()
    assert table["accumulated_gain"].isna().all()
    assert table["isolated_gain"].tolist() == [0.5, 0.5]
    assert errors.missing() == {"b"}
    again = play([("a", "add", [7.0]), ("b", "add", [2.0])])
    errors.accumulate(play(reference), again, errors.missing())
    assert errors.table()["accumulated_gain"].tolist()[1] == 2.0
    assert not errors.missing()


def test_more_calls_than_the_reference_made_cannot_be_compared():
    table = errors_of([("a", "add", [1.0])], [("a", "add", [1.0]), ("a", "add", [1.0])]).table()
    assert table["accumulated_gain"].isna().all()


def test_phase_goes_round():
    errors = LayerErrors(lambda call: torch.remainder(call.args[0] + 0.02, 1.0))
    play([("source.phase", "phase", [0.99, 0.5])])(errors.observe_reference)
    assert errors.table()["isolated_max_abs"][0] == pytest.approx(0.02, abs=1e-6)


def test_of_several_tensors_the_first_counts():
    errors = LayerErrors(lambda call: (halved(call), call.args[0]))
    output = torch.tensor([1.0, -2.0])
    call = SiteCall("a", "lstm", None, (output,), {}, (output, output[:1]))
    lower = replace(call, result=(output * 0.25, output[:1]))
    errors.observe_reference(call)
    errors.accumulate(lambda observe: observe(call), lambda observe: observe(lower))
    row = errors.table().iloc[0]
    assert row["isolated_gain"] == 0.5 and row["accumulated_gain"] == 0.25
