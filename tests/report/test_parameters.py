import pytest

from lightning_v2.report.parameters import ParameterError, check_parameters, known_parameters


def test_defaults_are_read(notebook):
    assert known_parameters(notebook("a")) == {
        "plan": "bf16",
        "count": 2,
        "scale": 0.5,
        "loud": True,
        "word": "hello",
    }


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
