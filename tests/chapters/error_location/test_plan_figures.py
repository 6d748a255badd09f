import numpy as np
import pytest

from lightning_v2.chapters.error_location import plan_figures

RATE = 24000


@pytest.fixture
def pair(utterance, noise, compared_waves):
    f0 = np.zeros(-(-len(utterance) // 256), np.float32)
    f0[25:70] = 200.0  # the first voiced stretch
    return [
        compared_waves(utterance, utterance + noise(utterance, level), plan, f0=f0)
        for plan, level in (("bf16", 40), ("naive", 10))
    ]


@pytest.mark.parametrize("name", ["close_ups", "level_differences"])
def test_figures_say_what_they_show(pair, name):
    picture = getattr(plan_figures, name)(*pair)
    assert "bf16" in picture.alt and "naive" in picture.alt
    assert "plans bf16, naive, emulated, fast tier" in picture.caption
    assert "PyTorch float32, not emulated" in picture.caption
    assert picture.image()


def test_close_ups_lie_in_their_sounds_and_share_scales(pair):
    rows = np.array(plan_figures.close_ups(*pair).figure.axes).reshape(2, 2)
    voiced, unvoiced = ([x / 1000 for x in axes.get_xlim()] for axes in rows[0])
    assert 25 * 256 / RATE < voiced[0] < voiced[1] < 71 * 256 / RATE
    assert unvoiced[0] > 70 * 256 / RATE
    for column in rows.T:
        assert column[0].get_ylim() == column[1].get_ylim()


def test_maps_share_one_scale(pair):
    picture = plan_figures.level_differences(*pair)
    maps = [axes.images[0] for axes in picture.figure.axes if axes.images]
    assert maps[1].get_clim() == maps[2].get_clim()
    data = picture.data["level_differences"]
    assert (
        np.abs(data["naive_minus_reference_db"]).mean()
        > np.abs(data["bf16_minus_reference_db"]).mean()
    )


def test_what_cannot_be_drawn_together_is_an_error(pair, utterance, compared_waves):
    other = compared_waves(utterance * 0.5, utterance, "bf16")
    with pytest.raises(ValueError, match="references of bf16 and bf16 differ"):
        plan_figures.close_ups(pair[0], other)
    free = compared_waves(utterance, utterance, "naive", aligned=False)
    with pytest.raises(ValueError, match="naive was compared free-running"):
        plan_figures.level_differences(free)
    with pytest.raises(ValueError, match="at least one"):
        plan_figures.close_ups()
