"""Who runs a module: contexts that end in any order."""

from contextlib import nullcontext

from torch import nn

import lightning_v2 as lv2
from lightning_v2.executors import any_at_work, executed_by, executor_of, handed_over


def test_contexts_end_in_any_order():
    module = nn.Linear(1, 1)
    first, second = executed_by(module, None, "a"), executed_by(module, None, "b")
    first.__enter__()
    second.__enter__()
    assert executor_of(module).plan == "b"
    first.__exit__(None, None, None)
    assert executor_of(module).plan == "b"
    second.__exit__(None, None, None)
    assert executor_of(module).plan is None and not any_at_work()


def test_emulations_end_in_any_order():
    voice = lv2.load()
    first, second = lv2.emulate(voice, "naive"), lv2.emulate(voice, "bf16")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert voice.synthesize("Hi.").plan == "bf16"
    second.__exit__(None, None, None)
    assert voice.synthesize("Hi.").plan is None


def test_steps_are_handed_over_to_one_alone():
    module = nn.Linear(1, 1)

    def steps(of):
        return nullcontext(f"steps of {type(of).__name__}")

    with handed_over(module) as nobody, executed_by(module, None, steps=steps):
        assert nobody is None
        with handed_over(module) as one, executed_by(module, None, steps=steps):
            assert one == "steps of Linear"
            with handed_over(module) as two:
                assert two is None
