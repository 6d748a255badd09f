"""docs/limits.md says of operations what the code says."""

import re
from pathlib import Path

from lightning_v2.errors import NoRuleError
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.ops.normalisation import LONGEST
from lightning_v2.tensix.ops.softmax import LONGEST as LONGEST_SOFTMAX

TEXT = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")


def row(kind):
    """The operations of a kind in the table."""
    return next(line for line in TEXT.splitlines() if line.startswith(f"| {kind} |"))


def has_no_rule(operation):
    """Whether it stands for no arguments at all."""
    try:
        operation.lower(None, None)
    except NoRuleError:
        return True
    except (TypeError, AttributeError):
        return False
    return False


def test_operations_without_a_rule_are_those_of_the_table():
    without = {name for name, operation in OPERATIONS.items() if has_no_rule(operation)}
    assert without == set(re.findall(r"`(\w+)`", row("no rule at all")))


def test_operations_with_a_stand_in_for_some_arguments_are_named():
    named = set(re.findall(r"`(\w+)`", row("a rule for some arguments")))
    assert named <= set(OPERATIONS)
    assert {name for name in named if OPERATIONS[name].stand_in is None} == set()


def test_the_longest_rows_are_those_of_the_code():
    sizes = [LONGEST_SOFTMAX, LONGEST["layer_norm"], LONGEST["rms_norm"]]
    numbers = [int(n) for n in re.findall(r"\d{4}", row("a rule up to a size"))]
    assert numbers == sizes
