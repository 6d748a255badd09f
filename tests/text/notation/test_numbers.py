import pytest

from lightning_v2.text import normalize
from lightning_v2.text.notation.numbers import in_pairs, looks_like_year


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ("747", "seven forty-seven"),
        ("101", "one oh one"),
        ("300", "three hundred"),
        ("007", "zero zero seven"),
        ("16", "sixteen"),
        ("1984", "nineteen eighty-four"),
        ("3000", "three thousand"),
    ],
)
def test_numbers_that_are_names_are_said_in_pairs(figures, said):
    assert in_pairs(figures) == said


def test_a_year_has_four_digits_and_nothing_else():
    assert looks_like_year("1984")
    assert not any(map(looks_like_year, ["2000", "2.45", "1,98", "19840", "984"]))
    assert normalize("2.45–10 GHz").text == "two point four five to ten gigahertz ."
