"""The explorer with the shipped voice and without a browser: messages in, traits out."""

import numpy as np
import pandas as pd
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.complaints.phone_lengths import phone_lengths
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.errors import ArgumentError
from tests.widgets.explorer.opened import TEXT, VOICE, WAIT_S, keys, opened, part, send, waves
from widgets.explorer import explorer_cost
from widgets.static import widget_html

PROSODY = ["duration.output", "prosody.pitch"]
WRECKED = {"weights": "bfloat4_b", "activations": "bfloat8_b", "math_fidelity": "LoFi"}


@pytest.mark.usefixtures("known_costs")
def test_everything_is_there_from_the_beginning():
    explorer = opened("Ships.")
    now = explorer.session.state.key
    assert keys(explorer) == ({now}, now)
    assert part(explorer, "SiteTable").sites["rows"]
    assert part(explorer, "ExplorerHistory").trials["current"] == now
    explorer.close()


def test_says_what_compare_says(explorer):
    alone = lv2.compare(lv2.load(VOICE), TEXT, "bf16")
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
    assert float(card["value"]) == pytest.approx(c.metrics[card["name"]], rel=0.02)


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
        ("set", {"fields": {"tier": "magic"}}, "only base, reference, run, text, voice can be set"),
        ("set", {"fields": {"base": "naiv"}}, "no plan 'naiv' to start from: bf16, bfp4-lofi"),
        ("set", {"fields": {"run": "walking"}}, "no run 'walking', only teacher-forced"),
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


def test_coverage_is_that_of_the_plan_of_now(explorer):
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


def test_latency_and_streams_are_modelled_for_a_board_and_say_so(explorer):
    send(explorer, "edit", sites=["decoder.input"], fields={"output": "float32"})
    bar = part(explorer, "ExplorerBar")
    assert "now" not in bar.cost  # never those of another plan
    cost = explorer.cost
    shown, name = bar.cost, explorer.plan.name
    assert cost.latency_s == len(name) / 1e3
    assert shown["now"] == {"latency_ms": len(name), "streams": round(250 / len(name))}
    assert shown["bf16"] == shown["base"] == {"latency_ms": 4.0, "streams": 62}
    assert shown["where"].startswith("p150, one sentence at a time, bucket of 128 frames, 2.7 s")
    assert shown["problem"] == ""


@pytest.mark.usefixtures("known_costs")
def test_a_plan_that_no_board_can_run_has_a_reason_in_the_place_of_a_cost():
    def refused(asked):
        raise lv2.PlanError("nothing fits", "a plan")

    explorer = opened("Ships.", costs=lambda tell: explorer_cost.Costs(tell, refused, calm_s=0.0))
    with pytest.raises(ArgumentError, match="no modelled cost: a plan: nothing fits"):
        _ = explorer.cost
    assert "nothing fits" in part(explorer, "ExplorerBar").cost["problem"]
    explorer.close()


def test_free_running_is_heard_and_measured_as_compare_does(explorer):
    send(explorer, "edit", sites=PROSODY, fields=WRECKED)
    explorer.session.wait(WAIT_S)
    status, table = part(explorer, "ExplorerBar").status, part(explorer, "SiteTable")
    assert set(PROSODY) <= set(table.unheard)
    assert status["unheard"].startswith("Changed, and not heard: duration.output and 1 more.")
    forced = waves(explorer)
    assert (
        explorer.comparison.candidate.durations == explorer.comparison.reference.durations
    ).all()

    send(explorer, "set", fields={"run": "free-running"})
    c = explorer.comparison
    alone = lv2.compare(lv2.load(VOICE), TEXT, explorer.plan, teacher_forced=False)
    assert (c.candidate.waveform == alone.candidate.waveform).all()
    assert c.metrics == pytest.approx(alone.metrics, nan_ok=True)
    pd.testing.assert_frame_equal(c.layers, alone.layers)
    assert c.provenance == alone.provenance and c.provenance.endswith("free-running")
    assert part(explorer, "ExplorerBar").status["unheard"] == ""
    assert table.unheard == []
    heard = waves(explorer)
    assert heard[1].shape != forced[1].shape or (heard[1] != forced[1]).any()


def test_free_running_shows_durations_and_f0_beside_the_limits_of_its_run(explorer):
    send(explorer, "edit", sites=PROSODY, fields=WRECKED)
    send(explorer, "set", fields={"run": "free-running"})
    c = explorer.comparison
    durations, f0 = part(explorer, "ExplorerBoard").measures["pictures"]
    assert durations["kind"] == "bars" and len(durations["bars"]) == len(c.reference.phonemes)
    changes = phone_lengths(c.reference, c.candidate)["change_ms"]
    shares = np.array([bar["share"] for bar in durations["bars"]])
    assert shares[changes.abs().idxmax()] == pytest.approx(
        np.sign(changes[changes.abs().idxmax()]) / 1.1, abs=1e-3
    )
    assert [trace["label"] for trace in f0["traces"]] == ["reference", c.plan.name]
    cells = {cell["name"]: cell for cell in part(explorer, "ABPlayer").figures["cells"]}
    shift = cells["boundary_shift_p95_ms"]
    assert shift["bound"] == "≤ 20"
    assert shift["holds"] == (c.metrics["boundary_shift_p95_ms"] <= 20)
    [row] = [
        row
        for row in part(explorer, "ExplorerHistory").trials["trials"]
        if row["key"] == explorer.session.state.key
    ]
    assert "free-running" in row["words"]


def test_figures_beside_the_player_are_never_those_of_another_plan_unmarked(explorer):
    explorer.session._debounce_s, debounce_s = 3600.0, explorer.session._debounce_s
    try:
        player = part(explorer, "ABPlayer")
        assert player.figures["stale"] is False
        send(explorer, "edit", sites=["decoder.norm"], fields={"math_fidelity": "LoFi"})
        assert player.figures["stale"] is True
        send(explorer, "cancel")
        assert player.figures["stale"] is False
    finally:
        explorer.session._debounce_s = debounce_s
    assert player.looping and player.pinned


def test_every_setting_of_a_product_can_be_changed(explorer):
    fields = {"packer_l1_acc": False, "in0_block_w": 2}
    send(explorer, "edit", sites=["decoder.input"], fields=fields)
    send(explorer, "edit", sites=["decoder.blocks.0.gelu"], fields={"math_approx_mode": True})
    now = explorer.plan.for_site("decoder.input")
    assert (now.packer_l1_acc, now.in0_block_w) == (False, 2)
    assert explorer.plan.for_site("decoder.blocks.0.gelu").math_approx_mode is True
    assert explorer.comparison.plan is explorer.plan
    send(explorer, "edit", sites=["decoder.input"], fields={"in0_block_w": None})
    assert explorer.plan.for_site("decoder.input").in0_block_w is None
    explorer.session.wait(WAIT_S)


def test_a_blind_test_follows_the_plan_in_hand_until_it_has_begun(explorer):
    test = explorer.blind_test(trials=2)
    first = test.pair[1]["sha256"]
    send(explorer, "edit", sites=["source.phase"], fields={"output": "bfloat16"})
    explorer.session.wait(WAIT_S)
    assert test.pair[1]["sha256"] != first
    assert test.result["conditions"]["plan"]["digest"] == explorer.plan.digest
    test._handle_custom_msg({"type": "start"}, [])
    begun = test.pair[1]["sha256"]
    send(explorer, "undo")
    explorer.session.wait(WAIT_S)
    assert test.pair[1]["sha256"] == begun
    assert test.other.startswith("bf16 against PyTorch float32") and TEXT in test.other
    test._handle_custom_msg({"type": "renew"}, [])
    assert (test.pair[1]["sha256"], test.other) == (first, "")
    assert test.result["statistics"]["answered"] == 0


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


def test_the_exact_tier_on_request(explorer):
    send(explorer, "exact")
    c = explorer.comparison
    alone = lv2.compare(lv2.load(VOICE), TEXT, "bf16", tier="exact", layers=False)
    assert c.tier == "exact"
    assert (c.candidate.waveform == alone.candidate.waveform).all()


def test_a_site_of_the_heat_map_is_found_in_the_table(explorer):
    for turn in (1, 2):
        send(explorer, "focus", site="decoder.norm")
        assert part(explorer, "SiteTable").focus["site"] == "decoder.norm"
        assert part(explorer, "SiteTable").focus["turn"] >= turn


def test_every_part_also_opens_without_a_kernel(explorer):
    for one in explorer.parts:
        assert "data:text/javascript;base64," in widget_html(one.get_state())


def test_an_illegal_beginning_is_an_exception():
    with pytest.raises(lv2.PlanError, match="no such plan; did you mean 'naive'"):
        opened(plan="naiv")
