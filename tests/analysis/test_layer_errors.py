import math

import pytest
import torch

from lightning_v2.analysis.layer_errors import ErrorSums, LayerErrors


def sums(reference, candidate):
    result = ErrorSums()
    result.add(torch.tensor(reference), torch.tensor(candidate))
    return result


def test_identical():
    result = sums([1.0, -2.0, 3.0], [1.0, -2.0, 3.0])
    assert (result.pcc, result.sqnr_db, result.gain, result.max_abs) == (1.0, math.inf, 1.0, 0.0)


def test_gain_alone_leaves_the_correlation():
    result = sums([1.0, -2.0, 3.0], [0.9, -1.8, 2.7])
    assert result.pcc == pytest.approx(1.0)
    assert result.gain == pytest.approx(0.9)
    assert result.sqnr_db == pytest.approx(20.0)
    assert result.max_abs == pytest.approx(0.3)


def test_offset_alone_leaves_the_correlation():
    assert sums([1.0, 2.0, 4.0], [2.0, 3.0, 5.0]).pcc == pytest.approx(1.0)


def test_sum_over_calls_is_that_of_one_long_call():
    torch.manual_seed(0)
    a, b = torch.randn(2, 100), torch.randn(2, 100)
    parts, whole = ErrorSums(), ErrorSums()
    for row in range(2):
        parts.add(a[row], b[row])
    whole.add(a, b)
    for name in ("pcc", "sqnr_db", "gain", "max_abs"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    stacked = torch.stack([a.flatten(), b.flatten()])
    assert whole.pcc == pytest.approx(torch.corrcoef(stacked)[0, 1].item(), abs=1e-6)


def test_constant_and_empty():
    assert math.isnan(sums([1.0, 1.0], [1.0, 2.0]).pcc)
    assert math.isnan(sums([0.0, 0.0], [1.0, 2.0]).gain)
    assert sums([], []).max_abs == 0.0


def run(errors, observe, outputs):
    for site, op, values in outputs:
        observe(site, op, None, (torch.tensor(values),), {}, torch.tensor(values))
    return errors.table().set_index("site")


def halved(site, function, args, kwargs):
    return args[0] * 0.5


def test_isolated_and_accumulated_are_kept_apart():
    errors = LayerErrors(halved)
    run(errors, errors.observe_reference, [("a", "linear", [1.0, 2.0]), ("b", "gelu", [4.0])])
    table = run(
        errors, errors.observe_candidate, [("a", "linear", [1.0, 2.0]), ("b", "gelu", [3.0])]
    )
    assert list(table.index) == ["a", "b"]
    assert table["op"].tolist() == ["linear", "gelu"]
    assert table["isolated_gain"].tolist() == [0.5, 0.5]
    assert table["accumulated_gain"].tolist() == [1.0, 0.75]
    assert table["accumulated_sqnr_db"]["a"] == math.inf


def test_calls_of_a_site_are_paired_in_order():
    errors = LayerErrors(halved)
    calls = [("a", "add", [1.0]), ("a", "add", [10.0])]
    run(errors, errors.observe_reference, calls)
    table = run(errors, errors.observe_candidate, [("a", "add", [1.0]), ("a", "add", [11.0])])
    assert table["accumulated_max_abs"]["a"] == 1.0


def test_other_shapes_and_missing_sites_have_no_accumulated_error():
    errors = LayerErrors(halved)
    run(errors, errors.observe_reference, [("a", "add", [1.0]), ("b", "add", [1.0])])
    assert errors.missing() == {"a", "b"}
    table = run(errors, errors.observe_candidate, [("a", "add", [1.0, 2.0])])
    assert table["accumulated_gain"].isna().all()
    assert table["isolated_gain"].tolist() == [0.5, 0.5]
    assert errors.missing() == {"b"}
    table = run(errors, errors.observe_only({"b"}), [("a", "add", [7.0]), ("b", "add", [2.0])])
    assert table["accumulated_gain"]["b"] == 2.0


def test_phase_goes_round():
    errors = LayerErrors(lambda site, function, args, kwargs: torch.remainder(args[0] + 0.02, 1.0))
    table = run(errors, errors.observe_reference, [("source.phase", "phase", [0.99, 0.5])])
    assert table["isolated_max_abs"]["source.phase"] == pytest.approx(0.02, abs=1e-6)


def test_a_text_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("lightning_v2.analysis.layer_errors.MEMORY_BYTES", 100)
    errors = LayerErrors(halved)
    with pytest.raises(MemoryError, match="pass layers=False"):
        run(errors, errors.observe_reference, [("a", "add", [0.0] * 100)])


def test_of_several_tensors_the_first_counts():
    errors = LayerErrors(lambda site, function, args, kwargs: (args[0] * 0.5, args[0]))
    output = torch.tensor([1.0, -2.0])
    errors.observe_reference("a", "lstm", None, (output,), {}, (output, output[:1]))
    errors.observe_candidate("a", "lstm", None, (output,), {}, (output * 0.25, output[:1]))
    row = errors.table().iloc[0]
    assert row["isolated_gain"] == 0.5 and row["accumulated_gain"] == 0.25
