"""The explorer with the shipped voice and without a browser: messages in, traits out."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import lightning_v2 as lv2
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.deployment.cycles import cycles
from lightning_v2.precision.edit import precisions_of
from widgets import PrecisionExplorer
from widgets.explorer import explorer_views as views
from widgets.player.wav import read_wav_base64
from widgets.static import widget_html

TEXT = "Seven ships."
WAIT_S = 120


@pytest.fixture(scope="module")
def shared():
    explorer = PrecisionExplorer(TEXT, "bf16")
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """At its beginning, whatever was tried before."""
    shared.session.back_to(1)
    shared.session.wait(WAIT_S)
    return shared


def send(explorer, kind, **content):
    """As a browser would."""
    explorer._table._handle_custom_msg({"kind": kind, **content}, [])


def part(explorer, name):
    return next(part for part in explorer.parts if type(part).__name__ == name)


def waves(explorer):
    """What the player has: reference, candidate, difference."""
    return [read_wav_base64(clip["wav"])[0] for clip in part(explorer, "ABPlayer").clips]


def keys(explorer):
    """The states that the parts show, and the one of now."""
    board, table = part(explorer, "ExplorerBoard"), part(explorer, "SiteTable")
    shown = {board.sound["key"], board.measures["key"], board.layers["key"], table.errors["key"]}
    return shown, part(explorer, "ExplorerBar").status["key"]


def test_everything_is_there_from_the_beginning():
    explorer = PrecisionExplorer("Ships.", "bf16")
    now = explorer.session.state.key
    assert keys(explorer) == ({now}, now)
    assert part(explorer, "SiteTable").sites["rows"]
    assert part(explorer, "ExplorerHistory").trials["current"] == now
    explorer.close()


def test_says_what_compare_says(explorer):
    alone = lv2.compare(lv2.load(), TEXT, "bf16")
    c = explorer.comparison
    assert (c.candidate.waveform == alone.candidate.waveform).all()
    assert c.metrics == pytest.approx(alone.metrics, nan_ok=True)
    pd.testing.assert_frame_equal(c.layers, alone.layers)
    assert c.provenance == alone.provenance


def test_a_setting_in_the_table_changes_plan_sound_and_pictures(explorer):
    before = waves(explorer)
    send(explorer, "edit", sites=["source.phase"], fields={"output": "bfloat16"})
    assert explorer.plan.for_site("source.phase").output == "bfloat16"
    c = explorer.comparison
    assert c.plan is explorer.plan
    after = waves(explorer)
    same = [(one == other).all() for one, other in zip(after, before, strict=True)]
    assert same == [True, False, False]
    assert np.abs(after[1] - c.candidate.waveform).max() < 1e-4
    assert keys(explorer) == ({explorer.session.state.key}, explorer.session.state.key)
    values = part(explorer, "SiteTable").values
    assert values["now"]["source.phase"]["output"] == "bfloat16"
    assert values["base"]["source.phase"]["output"] == "uint32"
    card = next(
        card
        for card in part(explorer, "ExplorerBoard").measures["cards"]
        if card["name"] == "fundamental_drift_p95_cycles"
    )
    assert float(card["value"]) == pytest.approx(c.metrics[card["name"]], rel=0.01)


def test_parts_say_which_state_they_belong_to_while_another_is_computed(explorer):
    old = explorer.session.state.key
    explorer.session._debounce_s, debounce_s = 3600.0, explorer.session._debounce_s
    try:
        send(explorer, "edit", sites=["decoder.norm"], fields={"math_fidelity": "LoFi"})
        shown, now = keys(explorer)
        assert shown == {old} and now != old
        status = part(explorer, "ExplorerBar").status
        assert (status["busy"], status["sound_stale"]) == (True, True)
        assert part(explorer, "ExplorerBoard").current == now
        send(explorer, "cancel")
        assert keys(explorer) == ({old}, old)
        assert part(explorer, "ExplorerBar").status["message"].startswith("Cancelled.")
    finally:
        explorer.session._debounce_s = debounce_s


def test_undo_brings_everything_back_at_once(explorer):
    first = explorer.session.state.key
    before = waves(explorer)
    send(explorer, "edit", sites=["decoder.input"], fields={"weights": "bfloat4_b"})
    explorer.session.wait(WAIT_S)
    send(explorer, "undo")
    assert not explorer.session.busy
    assert keys(explorer) == ({first}, first)
    assert all((one == other).all() for one, other in zip(waves(explorer), before, strict=True))


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("set", {"fields": {"text": " "}}, "nothing to say"),
        ("set", {"fields": {"tier": "magic"}}, "only base, reference, text, voice can be set"),
        ("set", {"fields": {"base": "naiv"}}, "no plan 'naiv' to start from: bf16, bfp4-lofi"),
        ("edit", {"sites": ["source.phase"], "fields": {"output": "bfloat4_b"}}, "cannot be 'bfl"),
        ("edit", {"sites": ["nowhere"], "fields": {"output": "float32"}}, "no site 'nowhere'"),
        ("save", {"path": "plan.txt"}, "saved as NAME.yaml"),
        ("back", {"number": 99}, "no trial 99"),
        ("dance", {}, "nobody here understands 'dance'"),
        ("edit", {}, "missing 2 required"),
    ],
)
def test_what_cannot_be_done_is_said_and_everything_stays(explorer, kind, content, message):
    before, table = explorer.session.state, part(explorer, "SiteTable")
    answered = table.answered
    send(explorer, kind, **content)
    assert message in part(explorer, "ExplorerBar").status["message"]
    assert explorer.session.state is before
    assert keys(explorer) == ({before.key}, before.key)
    assert table.answered == answered + 1  # the browser shows the old values again


def test_another_plan_to_start_from_drops_the_changes(explorer):
    send(explorer, "edit", sites=["decoder.input"], fields={"weights": "bfloat4_b"})
    send(explorer, "set", fields={"base": "naive"})
    assert explorer.plan.name == "naive"
    assert explorer.comparison.metrics["fundamental_drift_p95_cycles"] > 0.01


def test_coverage_and_cost_are_those_of_the_plan_of_now(explorer):
    sites = explorer.session.state.sites
    names = [site.name for site in sites if site.weights]
    send(explorer, "edit", sites=names, fields={"weights": "bfloat8_b", "math_fidelity": "LoFi"})
    facts, plan = part(explorer, "ExplorerBar").facts, explorer.plan
    coverage = plan.coverage(sites)
    lofi, bfp8 = facts["shares"][:2]
    assert lofi["now"] == [
        coverage.share("math_fidelity", "LoFi", of=kind)
        for kind in ("sites", "macs", "weight_bytes")
    ]
    assert bfp8["now"][0] == 1.0 and bfp8["base"][0] == 0.0
    assert facts["cycles"][0] == cycles(precisions_of(plan, sites), sites) < facts["cycles"][1]
    assert facts["megabytes"][0] == coverage.weight_bytes / 1e6 < facts["megabytes"][1]
    assert lv2.Plan.parse(facts["yaml"]).digest == plan.digest
    explorer.session.wait(WAIT_S)


def test_any_two_tries_can_be_compared(explorer):
    send(explorer, "edit", sites=["source.phase"], fields={"output": "float32"})
    explorer.session.wait(WAIT_S)
    number = next(
        trial.number
        for trial in explorer.session.trials
        if trial.state.key == explorer.session.state.key
    )
    send(explorer, "contrast", first=1, second=number)
    contrast = part(explorer, "ExplorerHistory").contrast
    assert contrast["differences"] == [["source.phase", "output", "uint32", "float32"]]
    assert len(contrast["rows"]) == sum(not metric.judge for metric in METRICS)
    assert explorer.history.loc[number, "plan"] == explorer.plan.name
    trials = part(explorer, "ExplorerHistory").trials
    assert trials["trials"][number - 1]["key"] == trials["current"]


def test_marks_can_be_read_in_python(explorer):
    send(explorer, "select", sites=["decoder.input", "decoder.norm"])
    assert explorer.selected == ["decoder.input", "decoder.norm"]


def test_reset_takes_marked_sites_back(explorer):
    for site in ("decoder.input", "prosody.input"):
        send(explorer, "edit", sites=[site], fields={"output": "float32"})
    send(explorer, "reset", sites=["decoder.input"])
    assert explorer.plan.for_site("decoder.input").output == "bfloat16"
    assert explorer.plan.for_site("prosody.input").output == "float32"
    explorer.session.wait(WAIT_S)


def test_a_saved_plan_comes_with_the_command_that_runs_it(explorer, tmp_path):
    send(explorer, "save", path=str(tmp_path / "mine.yaml"))
    note = part(explorer, "ExplorerBar").status["note"]
    assert f"lightning-v2 notebooks --plans {tmp_path / 'mine.yaml'}" in note
    assert lv2.Plan.load(tmp_path / "mine.yaml").digest == explorer.plan.digest


def test_the_exact_tier_on_request(explorer):
    send(explorer, "exact")
    c = explorer.comparison
    alone = lv2.compare(lv2.load(), TEXT, "bf16", tier="exact", layers=False)
    assert c.tier == "exact"
    assert (c.candidate.waveform == alone.candidate.waveform).all()


def test_a_site_of_the_heat_map_is_found_in_the_table(explorer):
    for turn in (1, 2):
        send(explorer, "focus", site="decoder.norm")
        assert part(explorer, "SiteTable").focus["site"] == "decoder.norm"
        assert part(explorer, "SiteTable").focus["turn"] >= turn


def test_pictures_have_words_and_the_size_of_what_they_show(explorer):
    board = part(explorer, "ExplorerBoard")
    pictures = [p for view in (board.sound, board.measures, board.layers) for p in view["pictures"]]
    assert len(pictures) == 5
    assert all(len(picture["alt"]) > 40 and picture["title"] for picture in pictures)
    phase = explorer.comparison.phase
    shown = Image.open(io.BytesIO(base64.b64decode(board.measures["pictures"][0]["png"])))
    assert shown.size[0] == phase.radians.shape[1]
    # Low frequencies are at the bottom, two bins to a row; what is not known is transparent.
    known = np.pad(np.isfinite(phase.radians), ((0, 1), (0, 0))).reshape(shown.size[1], 2, -1)
    alpha = np.asarray(shown.convert("RGBA"))[::-1, :, 3]
    assert ((alpha > 0) == known.any(axis=1)).all()


def test_the_largest_of_the_bins_that_share_a_row_counts():
    values = np.zeros((520, 1))
    values[10], values[11], values[20], values[21:24] = -3.0, 2.0, np.nan, np.nan
    pooled = views._pooled(values)
    assert pooled.shape == (260, 1)
    assert pooled[5, 0] == -3.0
    assert np.isnan(pooled[11, 0]) and np.isnan(pooled[10, 0])
    assert np.count_nonzero(pooled) == 3


def test_errors_stand_beside_their_sites(explorer):
    errors = part(explorer, "SiteTable").errors["db"]
    row = explorer.comparison.layers.set_index("site").loc["decoder.input"]
    assert errors["decoder.input"] == [
        pytest.approx(row["isolated_sqnr_db"], abs=0.051),
        pytest.approx(row["accumulated_sqnr_db"], abs=0.051),
    ]


def test_the_table_tells_what_became_of_values(explorer):
    send(explorer, "set", fields={"base": "naive"})
    explorer.session.wait(WAIT_S)
    errors = part(explorer, "SiteTable").errors
    layers = explorer.comparison.layers.set_index("site")
    site = layers["activations_flushed_percent"].idxmax()
    assert errors["flushed"][site] == round(layers["activations_flushed_percent"][site], 1) > 10
    assert errors["broken"] == {}
    assert errors["values"].startswith("all values of all sites are finite")
    assert f"of the activations of {site} to zero" in errors["values"]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_broken_candidate_is_shown_as_such(explorer, value):
    whole = explorer.session.wait(WAIT_S)
    wave, layers = whole.candidate.waveform.copy(), whole.layers.copy()
    wave[4000] = value
    layers.loc[7, "infinite"] = 2
    candidate = replace(whole.candidate, waveform=wave)
    metrics, phase = audio_metrics.measure(whole.reference, candidate)
    result = replace(whole, candidate=candidate, metrics=metrics, phase=phase, layers=layers)
    for view in (views.sound, views.measures, views.layers, views.errors):
        json.dumps(view(result), allow_nan=False)  # a browser knows no NaN
    site = layers["site"][7]
    assert views.errors(result)["broken"] == {site: "2 infinite"}
    assert views.errors(result)["values"].startswith(f"not finite from {site}")
    _, clip, difference = views.clips(result)
    assert "not finite or far too large, and silent: 1 samples" in clip.words
    played, _ = read_wav_base64(clip.state()["wav"])
    assert played[4000] == 0
    assert np.isfinite(difference.waveform).all()


def test_every_part_also_opens_without_a_kernel(explorer):
    for one in explorer.parts:
        assert "data:text/javascript;base64," in widget_html(one.get_state())


def test_an_illegal_beginning_is_an_exception():
    with pytest.raises(lv2.PlanError, match="no such plan; did you mean 'naive'"):
        PrecisionExplorer(TEXT, "naiv")
