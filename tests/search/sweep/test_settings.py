from argparse import Namespace
from inspect import signature

from lightning_v2.search.check import check
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.sweep.settings import Settings


def test_a_check_and_a_bench_take_all_of_them_with_the_same_defaults():
    settings = vars(Settings())
    for taker in (check, Bench):
        parameters = signature(taker).parameters
        assert {name: parameters[name].default for name in settings} == settings


def test_what_an_object_does_not_have_is_left_out():
    args = Namespace(voice="lark", seed=3, sentences=8)
    assert Settings.of(args) == {"voice": "lark", "seed": 3}
