import contextvars
import threading

import pytest
import torch

from lightning_v2.analysis.sites.lock_step import Ahead
from lightning_v2.noise import drawn_from
from lightning_v2.tensix import SiteCall

COLOUR = contextvars.ContextVar("colour", default="grey")


def everything(site):
    return True


def counting(made, count=5):
    """A run of sites "0", "1", … that notes in `made` how far it came."""

    def run(observe):
        for i in range(count):
            made.append(i)
            observe(SiteCall(str(i), "add", None, (), {}, torch.tensor([float(i)])))

    return run


def test_goes_on_only_as_far_as_somebody_asks():
    made = []
    with Ahead(counting(made), everything) as run:
        assert made == []
        assert run.output("1", 0) == 1.0
        assert made == [0, 1]
        assert run.output("0", 0) == 0.0
        assert made == [0, 1]
        assert run.output("4", 0) == 4.0
    assert made == [0, 1, 2, 3, 4]


def test_what_is_left_does_not_take_place():
    made, threads = [], threading.active_count()
    with Ahead(counting(made), everything) as run:
        run.output("2", 0)
    assert made == [0, 1, 2]
    with Ahead(counting(made), everything):
        pass
    assert made == [0, 1, 2]
    assert threading.active_count() == threads


def test_outputs_are_handed_out_once_and_copied():
    value = torch.tensor([1.0])

    def run_of(observe):
        observe(SiteCall("a", "add", None, (), {}, value))
        value.zero_()
        observe(SiteCall("b", "relu", None, (), {}, value))

    with Ahead(run_of, everything) as run:
        assert run.output("b", 0) == 0.0
        assert run.output("a", 0) == 1.0
        assert run.output("a", 0) is None


def test_calls_that_never_come_are_none():
    with Ahead(counting([]), everything) as run:
        assert run.output("7", 0) is None
        assert run.output("3", 1) is None
        assert run.output("3", 0) == 3.0


def test_sites_that_nobody_wants_are_not_kept():
    with Ahead(counting([]), lambda site: site == "3") as run:
        assert run.output("3", 0) == 3.0
        assert run.output("2", 0) is None


def test_an_error_of_the_run_reaches_who_asks():
    def fail(observe):
        raise ValueError("no such format")

    with pytest.raises(ValueError, match="no such format"), Ahead(fail, everything) as run:
        run.output("0", 0)


def test_an_error_of_who_asks_ends_the_run():
    made, threads = [], threading.active_count()
    with pytest.raises(KeyError), Ahead(counting(made), everything) as run:
        run.output("0", 0)
        raise KeyError
    assert made == [0]
    assert threading.active_count() == threads


def test_the_run_sees_the_context_and_leaves_the_threads_of_torch_alone():
    seen = []

    def run_of(observe):
        seen.append((COLOUR.get(), torch.get_num_threads()))
        torch.set_num_threads(3)
        observe(SiteCall("a", "add", None, (), {}, torch.zeros(1)))

    before = torch.get_num_threads()
    token = COLOUR.set("green")
    try:
        with Ahead(run_of, everything) as run:
            COLOUR.set("red")
            run.output("a", 0)
    finally:
        COLOUR.reset(token)
    assert seen == [("green", before)]
    assert torch.get_num_threads() == before


def drawing(observe):
    """Draws a number a site."""
    with drawn_from(3):
        drawn = []
        for i in range(4):
            drawn.append(torch.rand(()).item())
            observe(SiteCall(str(i), "add", None, (), {}, torch.tensor([0.0])))
        return drawn


def test_each_of_the_two_draws_as_if_it_were_alone():
    alone = drawing(lambda call: None)
    before = torch.get_rng_state()
    with Ahead(drawing, everything) as run:
        beside = drawing(lambda call: run.output(call.site, 0))
        assert run.result() == beside == alone
    assert torch.equal(torch.get_rng_state(), before)
    with Ahead(drawing, everything) as run:
        run.output("1", 0)
        torch.manual_seed(8)
        torch.rand(1)
        before = torch.get_rng_state()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_result_lets_the_rest_take_place():
    made = []
    with Ahead(counting(made), everything) as run:
        run.output("1", 0)
        assert run.result() is None and made == [0, 1, 2, 3, 4]
        assert run.output("3", 0) is None
    with Ahead(lambda observe: 1 / 0, everything) as run, pytest.raises(ZeroDivisionError):
        run.result()
