from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.analysis.sites.localisation import Localisation
from lightning_v2.chapters.layers import sensitivity_figures

SITES = ("encoder.input", "decoder.output", "source.phase", "vocoder.gains")


def localised(plan, snr_db):
    rng = np.random.default_rng(0)
    return Localisation(
        plan=SimpleNamespace(name=plan),
        tier="fast",
        text="ah",
        sites=SITES,
        ops=("linear", "linear", "phase", "linear"),
        times_s=np.arange(20) * 256 / 24000,
        band_edges_hz=np.arange(0, 12001, 500),
        reference_dbfs=rng.uniform(-80, -20, (24, 20)).astype(np.float32),
        error_dbfs=rng.uniform(-120, -60, (4, 24, 20)).astype(np.float32),
        snr_db=np.array(snr_db),
    )


def compared(plan, snr_db):
    return SimpleNamespace(
        plan=SimpleNamespace(name=plan),
        metrics={"snr_db": snr_db},
        layers=pd.DataFrame(
            {"site": ["duration.output", *SITES], "isolated_sqnr_db": [9.0, 40.0, 45.0, 17.0, 50.0]}
        ),
    )


@pytest.fixture
def found():
    return [localised("bf16", [70.0, 50.0, np.inf, 50.0]), localised("naive", [60, 40, 3, 30.0])]


@pytest.fixture
def whole():
    return [compared("bf16", 47.0), compared("naive", 2.9)]


def test_costs_of_a_plan_add_up(found):
    table = sensitivity_figures.costs(*found)
    assert table.groupby("plan")["share_percent"].sum().tolist() == pytest.approx([100, 100])
    bf16 = table[table["plan"] == "bf16"].set_index("site")["share_percent"]
    assert bf16["source.phase"] == 0
    assert bf16["decoder.output"] == pytest.approx(bf16["vocoder.gains"])
    assert bf16["decoder.output"] == pytest.approx(100 * bf16["encoder.input"])


def test_a_plan_without_error_has_no_shares():
    table = sensitivity_figures.costs(localised("fp32", [np.inf] * 4))
    assert table["share_percent"].isna().all()


def test_ranking_has_the_worst_on_top(found):
    picture = sensitivity_figures.ranking(*found, worst=3)
    axes = picture.figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["source.phase", "vocoder.gains", "decoder.output"]
    assert axes.yaxis_inverted()
    assert "naive source.phase with 3.0 dB" in picture.alt
    bf16 = axes.lines[0].get_xdata()
    assert bf16[0] == sensitivity_figures.BEST_SNR_DB


def test_figures_say_what_they_show(found, whole):
    for picture in (
        sensitivity_figures.ranking(*found),
        sensitivity_figures.reach(found, whole),
        sensitivity_figures.worst_over_time(*found),
    ):
        assert "bf16" in picture.alt and "naive" in picture.alt
        assert "as in plans bf16, naive, emulated, fast tier" in picture.caption
        labels = [axes.get_xlabel() + axes.get_ylabel() for axes in picture.figure.axes]
        assert any("(" in label for label in labels)
        assert picture.image() and picture.data


def test_reach_pairs_each_site_with_itself(found, whole):
    table = sensitivity_figures.reach(found, whole).data["reach"]
    row = table[(table["plan"] == "naive") & (table["site"] == "source.phase")].iloc[0]
    assert (row["site_sqnr_db"], row["waveform_snr_db"]) == (17.0, 3.0)
    assert "duration.output" not in table["site"].tolist()


def test_worst_over_time_shows_the_worst_sites(found):
    picture = sensitivity_figures.worst_over_time(*found)
    titles = [axes.get_title(loc="left") for axes in picture.figure.axes[:3]]
    assert titles[1:] == [
        "bf16: error of decoder.output alone", "naive: error of source.phase alone",
    ]  # fmt: skip
    data = picture.data["worst_over_time"]
    assert np.array_equal(data["naive_error_dbfs"], found[1].error_of("source.phase"))


def test_energies_add_up(found, whole):
    table = sensitivity_figures.together(found, whole).frame.set_index("plan")
    added = table["energies of single sites, added up: SNR (dB)"]
    assert float(added["bf16"]) == pytest.approx(50 - 10 * np.log10(2.01), abs=0.01)
    assert table.loc["bf16", "sites that make half of the error"] == 2
    assert table.loc["naive", "sites that make half of the error"] == 1
    assert table.loc["naive", "worst site"] == "source.phase"
    assert float(table.loc["naive", "its share (%)"]) > 99


def test_cost_sheet_follows_the_ranking(found):
    sheet = sensitivity_figures.cost_sheet(*found, worst=2)
    assert sheet.frame["site"].tolist()[:2] == ["source.phase", "vocoder.gains"]
    assert sheet.shown == 2
    assert sheet.frame["op"].tolist()[0] == "phase"


def test_the_site_with_the_largest_share(found):
    rows = sensitivity_figures.worst_sheet(*found).frame.set_index("plan")
    assert rows["largest share of the error"].tolist() == ["decoder.output", "source.phase"]
    share = rows.loc["naive", "its share of the error of all sites (%)"]
    assert float(share) == pytest.approx(99.8, abs=0.1)
    assert rows["the next one"].tolist()[0].endswith(" %")
    assert "predict them take no part" in sensitivity_figures.worst_sheet(*found).caption


def test_other_plans_are_an_error(found, whole):
    for function in (sensitivity_figures.reach, sensitivity_figures.together):
        with pytest.raises(ValueError, match=r"\['bf16', 'naive'\] were localised"):
            function(found, whole[::-1])


def test_one_plan_without_error_can_be_drawn(whole):
    silent = replace(localised("bf16", [np.inf] * 4))
    for picture in (
        sensitivity_figures.ranking(silent),
        sensitivity_figures.reach([silent], whole[:1]),
        sensitivity_figures.worst_over_time(silent),
    ):
        assert picture.image()
    assert "∞" in repr(sensitivity_figures.together([silent], whole[:1]))
