import numpy as np

from lightning_v2 import compare
from lightning_v2.chapters.your_own_voice.alone import each_alone, kinds_of
from lightning_v2.chapters.your_own_voice.part_figures import (
    alone_figure,
    alone_sheet,
    part_sheet,
)
from tests.chapters.your_own_voice.conftest import LOW, TEXT

GROUPS = {"mixing": ["mix", "norm"], "nothing": [], "sound": ["sound"]}


def test_only_the_group_runs_low(second):
    mixing, nothing, sound = each_alone(second, TEXT, LOW, GROUPS)
    assert nothing.values["snr_db"] == np.inf
    for one in (mixing, sound):
        assert 0 < one.values["snr_db"] < 60
        assert one.candidate.plan == f"low, {one.group} alone"
    everything = compare(second, TEXT, LOW, layers=False).metrics["snr_db"]
    assert everything < min(mixing.values["snr_db"], sound.values["snr_db"])


def test_what_decides_about_time_speaks_freely(voice):
    groups = {"durations": ["duration.output"], "rest": ["decoder.output"]}
    durations, rest = each_alone(voice, "Seven ships.", "bfp4-lofi", groups)
    assert durations.free
    assert not rest.free
    assert rest.values["length_change_percent"] == 0


def test_every_site_is_of_one_kind(second):
    kinds = kinds_of(second)
    assert {"convolutions": ["mix"], "norms": ["norm"]}.items() <= kinds.items()
    assert {"length", "sound"} <= {*kinds["linear layers"]}
    names = [site for sites in kinds.values() for site in sites]
    assert len(names) == len({*names})


def test_sheet_and_figure_have_every_group(second):
    found = each_alone(second, TEXT, LOW, GROUPS)
    assert {*alone_sheet(found).frame["low"]} == {*GROUPS}
    assert alone_sheet(found).frame["low"].iloc[-1] == "nothing"
    assert {*alone_figure(found).data["alone"]["group"]} == {*GROUPS}


def test_parts_with_the_worst_of_their_sites(second):
    c = compare(second, TEXT, LOW)
    frame = part_sheet(c, GROUPS | {"none of these": ["elsewhere"]}).frame
    assert frame["part"].tolist() == ["mixing", "sound"]
    assert frame["sites"].tolist() == [2, 1]
    worst = c.layers.set_index("site").loc[["mix", "norm"], "isolated_sqnr_db"]
    assert frame["worst site alone"][0].startswith(worst.idxmin())
    assert frame["first value that breaks"].tolist() == ["none", "none"]
