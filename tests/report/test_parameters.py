import pytest

from lightning_v2.report.parameters import (
    ParameterError,
    check_parameters,
    known_parameters,
    parameter_defaults,
)


def test_defaults_are_read(notebook):
    assert known_parameters(notebook("a")) == {
        "plan": "bf16",
        "count": 2,
        "scale": 0.5,
        "loud": True,
        "word": "hello",
    }


MANY = """\
formula = "a=b"
share = .5  # of what = is
options = dict(k=1)
mapping = {"a": 1,
           "b": 2}
left = right = [1, 2]
count: int = 3
if count == 3:
    hidden = 1
%matplotlib inline
empty: str
count += 1
a, b = 1, 2
"""


def test_every_assignment_is_seen(notebook):
    assert known_parameters(notebook("a", parameters=MANY)) == {
        "formula": "a=b",
        "share": 0.5,
        "options": None,
        "mapping": {"a": 1, "b": 2},
        "left": [1, 2],
        "right": [1, 2],
        "count": 3,
    }
    assert parameter_defaults(MANY)["options"] == "dict(k=1)"


def test_the_first_tagged_cell_counts(notebook):
    path = notebook("a", "x = 1", parameters="y = 2")
    assert list(known_parameters(path)) == ["y"]


def test_a_cell_that_is_no_python(notebook):
    with pytest.raises(ParameterError, match=r"a\.ipynb: the cell of parameters"):
        known_parameters(notebook("a", parameters="x = = 2"))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("formula", "c=d", "c=d"),
        ("formula", "nan", "nan"),
        ("options", "{'k': 2}", {"k": 2}),
        ("options", "2", 2),
        ("options", "two", "two"),
        ("mapping", "{'c': [1.5, None]}", {"c": [1.5, None]}),
        ("left", "3,4", [3, 4]),
    ],
)
def test_values_of_all_kinds(notebook, name, text, value):
    assert check_parameters(notebook("a", parameters=MANY), {name: text}) == {name: value}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("share", "nan"),
        ("share", "-inf"),
        ("share", "1e999"),
        ("shares", "0.5,nan"),
        ("mapping", "{'a': [1, 1e999]}"),
        ("mapping", "{1: 2}"),
        ("options", "{'k': -1e999}"),
        ("options", "b'bytes'"),
    ],
)
def test_what_json_cannot_hold_is_refused(notebook, name, text):
    path = notebook("a", parameters="shares = [0.5]\n" + MANY)
    with pytest.raises(ParameterError, match=f"{name} must be made of finite numbers"):
        check_parameters(path, {name: text})


def test_a_mapping_must_be_one(notebook):
    with pytest.raises(ParameterError, match=r"mapping must be a mapping such as {'a': 1, 'b': 2}"):
        check_parameters(notebook("a", parameters=MANY), {"mapping": "a,b"})


def test_values_get_the_type_of_the_default(notebook):
    given = {"count": "7", "scale": "2", "loud": "no", "word": "42"}
    values = check_parameters(notebook("a"), given)
    assert values == {"count": 7, "scale": 2.0, "loud": False, "word": "42"}
    assert isinstance(values["scale"], float)


def test_unknown_name_names_the_nearest(notebook):
    with pytest.raises(ParameterError, match=r"a\.ipynb has no parameter 'cuont'.*'count'"):
        check_parameters(notebook("a"), {"cuont": "1"})


def test_notebook_without_parameters_knows_none(notebook):
    path = notebook("a", "1 + 1", parameters=None)
    assert known_parameters(path) == {}
    with pytest.raises(ParameterError, match="it knows: none"):
        check_parameters(path, {"text": "x"})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("count", "1.5", "count must be a whole number, not '1.5'"),
        ("scale", "much", "scale must be a number"),
        ("loud", "maybe", "loud must be true or false"),
    ],
)
def test_wrong_types_are_refused(notebook, name, text, message):
    with pytest.raises(ParameterError, match=message):
        check_parameters(notebook("a"), {name: text})


def test_a_file_that_is_no_notebook(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text("not json")
    with pytest.raises(ParameterError, match="not a notebook"):
        known_parameters(path)
