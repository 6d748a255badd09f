import numpy as np
import pandas as pd
import pytest

from lightning_v2.analysis.display import figures
from lightning_v2.analysis.sites.layer_errors import FIGURES
from lightning_v2.chapters.layers import layer_plan_figures

SITES = ["encoder.input", "encoder.norm", "pitch.output", "source.phase", "vocoder.synthesis"]
OPS = ["linear", "layer_norm", "linear", "phase", "matmul"]


def layers(isolated, accumulated, gain_share=0.0):
    table = {"site": SITES, "op": OPS}
    for kind, values in (("isolated", isolated), ("accumulated", accumulated)):
        table |= {f"{kind}_{name}": [0.0] * len(SITES) for name in FIGURES}
        table[f"{kind}_sqnr_db"] = values
        table[f"{kind}_gain"] = [0.985] * len(SITES)
        table[f"{kind}_gain_share"] = [gain_share] * len(SITES)
        table[f"{kind}_rest_share"] = [1 - gain_share] * len(SITES)
    table |= {"values": [64] * 5, "nan": [0] * 5, "infinite": [0] * 5, "saturated": [0] * 5}
    table |= {"reference_nan": [0] * 5, "reference_infinite": [0] * 5}
    table["activations_flushed_percent"] = [30.0, 1.0, np.nan, np.nan, 0.0]
    table["weights_flushed_percent"] = [np.nan] * 5
    table = pd.DataFrame(table)
    table.loc[np.isinf(table["isolated_sqnr_db"]), "isolated_gain_share"] = np.nan
    return table


@pytest.fixture
def compared(tone, compared_waves):
    wave = tone(seconds=0.1)
    tables = {
        "bf16": layers([50.0, 45.0, 52.0, np.inf, 48.0], [50.0, 44.0, np.nan, np.inf, 40.0]),
        "naive": layers([36.0, 28.0, 34.0, 12.0, 33.0], [36.0, 27.0, np.nan, 12.0, 3.0], 0.6),
    }
    return [compared_waves(wave, wave, name, table) for name, table in tables.items()]


@pytest.mark.parametrize("name", ["heat_map", "error_parts"])
def test_figures_say_what_they_show(compared, name):
    picture = getattr(layer_plan_figures, name)(*compared)
    assert "bf16" in picture.alt and "naive" in picture.alt
    assert "plans bf16, naive, emulated, fast tier" in picture.caption
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in picture.figure.axes]
    assert any("(" in label for label in labels)
    assert picture.image()
    (table,) = picture.data.values()
    assert len(table) == 2 * len(SITES)
    assert table["plan"].unique().tolist() == ["bf16", "naive"]


def test_map_has_a_row_a_plan_on_a_fixed_scale(compared):
    picture = layer_plan_figures.heat_map(*compared)
    maps = [axes.images[0] for axes in picture.figure.axes[:2]]
    for drawn, kind in zip(maps, layer_plan_figures.KINDS, strict=True):
        assert drawn.get_clim() == layer_plan_figures.SQNR_RANGE_DB
        assert drawn.get_array().shape == (2, len(SITES))
        assert drawn.get_array()[1, 0] == compared[1].layers[f"{kind}_sqnr_db"][0]


def test_a_plan_of_which_nothing_is_left_can_be_drawn(tone, compared_waves):
    nothing = layers([np.nan] * 5, [np.nan] * 5)
    broken = compared_waves(tone(seconds=0.1), tone(seconds=0.1), "naive", nothing)
    assert layer_plan_figures.heat_map(broken).image()
    assert figures.layer_errors(broken).image()


def test_no_error_is_not_drawn_as_a_missing_value(compared):
    picture = layer_plan_figures.heat_map(*compared)
    isolated, accumulated = (np.ma.array(a.images[0].get_array()) for a in picture.figure.axes[:2])
    assert isolated[0, 3] >= layer_plan_figures.SQNR_RANGE_DB[1]
    assert np.ma.getmaskarray(np.ma.masked_invalid(accumulated))[0].tolist() == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_the_worst_site_of_each_row_is_named(compared):
    alt = layer_plan_figures.heat_map(*compared).alt
    assert "naive isolated 12.0 dB at source.phase" in alt
    assert "naive accumulated 3.0 dB at vocoder.synthesis" in alt


def test_bars_of_a_site_add_up(compared):
    axes = layer_plan_figures.error_parts(*compared).figure.axes[1]
    tops = {}
    for bar in axes.patches:
        site = round(bar.get_x() + 0.5)
        tops[site] = max(tops.get(site, 0), bar.get_y() + bar.get_height())
    assert list(tops.values()) == pytest.approx([100] * len(SITES))
    assert axes.patches[0].get_height() == pytest.approx(60)


def test_sheets(compared):
    sites = layer_plan_figures.site_sheet(*compared, worst=2)
    assert sites.frame["site"].iloc[0] in ("source.phase", "encoder.norm")
    assert len(sites.frame) == len(SITES)
    assert sites.frame.set_index("site").loc["source.phase", "bf16: alone (dB)"] == "∞"
    assert sites.frame["naive: act. flushed (%)"].tolist().count("30.00") == 1
    assert not any("weights flushed" in column for column in sites.frame)
    assert "crushed" in sites.caption
    values = layer_plan_figures.value_sheet(*compared).frame.set_index("plan")["values"]
    assert "crush 30.0 % of the activations of encoder.input" in values["naive"]
    operations = layer_plan_figures.operation_sheet(*compared).frame.set_index("op")
    assert operations.loc["linear", "sites"] == 2
    assert operations.loc["linear", "bf16: SQNR (dB)"] == "51.00"
    assert operations.loc["matmul", "naive: gain − 1 (%)"] == "−1.50"
    assert operations.loc["matmul", "naive: of it gain (%)"] == "60.00"


def test_comparisons_without_or_with_other_sites_are_an_error(compared, tone, compared_waves):
    bare = compared_waves(tone(), tone(), "bf16")
    with pytest.raises(ValueError, match=r"bf16 was compared without its sites.*layers=True"):
        layer_plan_figures.heat_map(bare)
    other = compared_waves(tone(), tone(), "bf16", compared[0].layers.head(3))
    with pytest.raises(ValueError, match="different sites"):
        layer_plan_figures.error_parts(compared[0], other)
