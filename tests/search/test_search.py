"""`search` and its command: who is judged, what is written, and one small run of the voice."""

import re
from contextlib import contextmanager
from types import SimpleNamespace

import pandas as pd
import pytest
from stubs import BASE, StubBench

from lightning_v2.cli import search as command
from lightning_v2.cli.main import main
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.search.plans import find
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.strategies import STRATEGIES
from lightning_v2.search.sweep.voices import voice

LOG = "vocoder.head.noise_gain.log"
JUDGES = {"a": "Three.", "b": "Four."}
GLOBS = [LOG, "vocoder.inverse_cosines", "decoder.*.up"]


@pytest.fixture
def searched(monkeypatch, tmp_path):
    """searched(verdicts): a search with losses that are known and a judge that says these."""
    sites = tuple(voice_sites(voice("lark")))
    lost = {(LOG, "LoFi"): 3.0, ("vocoder.inverse_cosines", "LoFi"): 1.0}
    stub = StubBench(sites, lost)

    @contextmanager
    def opened(self):
        yield self

    monkeypatch.setattr(Bench, "open", opened)
    monkeypatch.setattr(Bench, "measure", lambda self, plans: stub.measure(plans))

    def run(verdicts, **options):
        said = iter(verdicts)
        monkeypatch.setattr(
            find, "check", lambda plan, *_, **__: SimpleNamespace(answer=next(said))
        )
        bench = Bench(("One.", "Two."), tmp_path)
        wanted = Constraints(lofi_share=0.06)
        return find.search(bench, wanted, BASE, strategy="greedy", globs=GLOBS, **options)

    return run


def test_the_best_that_passes_wins(searched):
    found = searched(["not equivalent", "equivalent"], judges=JUDGES)
    assert found.verdict == "equivalent"
    verdicts = found.trials.set_index("trial").verdict
    assert verdicts[found.best.number] == "equivalent"
    assert sorted(verdicts[verdicts != ""]) == ["equivalent", "not equivalent"]
    assert found.trials[found.trials.verdict != ""].meets.all()
    assert pd.read_parquet(found.path).verdict.tolist() == found.trials.verdict.tolist()
    assert found.losses.set_index("group")["lost"].to_dict() == {
        LOG: 3.0, "vocoder.inverse_cosines": 1.0, "decoder.*.up": 0.0}  # fmt: skip


def test_if_none_passes_the_best_is_kept(searched):
    found = searched(["not equivalent", "not resolved"], judges=JUDGES)
    assert found.verdict == "not equivalent"
    met = found.trials[found.trials.meets]
    assert found.best.score == met.score.min()


def test_nobody_judges(searched):
    assert searched([]).verdict == "not judged"


def test_no_judge_of_what_it_helped_to_find(searched):
    with pytest.raises(ValueError, match="1 sentences are to judge what they helped to find"):
        searched([], judges={"a": "Two.", "b": "Three."})


def test_strategies_are_those_of_the_command():
    assert command.STRATEGIES == STRATEGIES


def test_unknown_strategy(tmp_path):
    with pytest.raises(ValueError, match="strategy is 'luck'; legal are greedy, evolve"):
        find.search(Bench(("One.",), tmp_path), Constraints(0.1), BASE, strategy="luck")


def test_the_voice(tmp_path, capsys, scheduler):
    output, figure = tmp_path / "best.yaml", tmp_path / "figure.png"
    arguments = [
        "search", "--lofi-share", "0.02", "--sites", LOG, "vocoder.inverse_cosines",
        "--strategy", "greedy", "--sentences", "1", "--judged", "0", "--scheduler", scheduler,
        "--folder", str(tmp_path / "sweep"), "-o", str(output), "--figure", str(figure),
    ]  # fmt: skip
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "best under lofi_share >= 0.02: trial" in first
    assert "emulated, fast tier, 1 sentence" in first
    assert figure.stat().st_size > 10_000
    plan = Plan.load(output)
    plan.check(voice_sites(voice("lark")))
    assert plan.for_site(LOG).math_fidelity == "LoFi"
    text = output.read_text()
    assert text.startswith("# Candidate of `lightning-v2 search`, strategy greedy, among")
    assert (
        "# Equivalence test: not asked, so that nobody knows" in text and plan.name == "candidate"
    )
    parts = sorted((tmp_path / "sweep" / "parts").iterdir())

    assert main(arguments) == 0
    assert capsys.readouterr().out == first
    assert sorted((tmp_path / "sweep" / "parts").iterdir()) == parts


def test_bisecting_the_voice(tmp_path, capsys):
    """From bf16 to a plan that spoils one site only, among sites that it changes harmlessly."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "default: {fp32_dest_acc_en: true, math_fidelity: HiFi4}\nrules:\n"
        "- {sites: [decoder.input, vocoder.cosines], math_fidelity: HiFi3}\n"
        "- {sites: vocoder.inverse_cosines, weights: bfloat4_b}\n"
        "- {sites: source.phase, output: uint32}\n"
    )
    good = tmp_path / "good.yaml"
    good.write_text(
        "default: {fp32_dest_acc_en: true, math_fidelity: HiFi4}\n"
        "rules: [{sites: source.phase, output: uint32}]\n"
    )
    arguments = [
        "search", "--base", str(good), "--bisect", str(bad), "--metric", "pesq_wb_mos",
        "--threshold", "4", "--sentences", "1", "--workers", "1", "--folder", str(tmp_path),
    ]  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert (
        "from good to bad, in the order of execution, vocoder.inverse_cosines is the first" in said
    )
    assert "emulated, fast tier, 1 sentences, voice lark" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no constraint: every plan would do; give one or more of --budget, --lofi-share"),
        (["--lofi-share", "0"], "no constraint"),
        (["--lofi-share", "0.9", "--metric", "pesq"], "metric is 'pesq'; legal are"),
        (["--lofi-share", "0.9", "--base", "bf17"], "did you mean 'bf16'"),
        (["--lofi-share", "0.9", "-o", "missing/a.yaml"], "missing is not a folder"),
        (
            ["--budget", "0.01"],
            "--budget 0.01 cannot be reached: over --base bf16, with all sites turned low, the "
            "least is 0.",
        ),
        (
            ["--bfp8-share", "0.9999", "--sites", "decoder.*.up"],
            "--bfp8-share 0.9999 cannot be reached: over --base bf16, with the sites of --sites "
            "turned low, the most is 0.",
        ),
        (["--bisect", "naive"], "--bisect needs a --threshold"),
        (["--lofi-share", "0.9", "--threshold", "1"], "--threshold belongs to --bisect"),
        (["--bisect", "naive", "--threshold", "1", "--budget", "0.5"], "--budget has no meaning"),
        (["--bisect", "naive", "--threshold", "1", "-o", "a.yaml"], "--output has no meaning"),
        (
            ["--lofi-share", "0.9", "--sentences", "150"],
            "--sentences 150 and --judged-sentences 100 are more than the 240 held-out ones",
        ),
    ],
)
def test_the_command_refuses_with_a_reason(tmp_path, monkeypatch, capsys, arguments, reason):
    """At once: nothing has been spoken before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Bench, "open", lambda self: pytest.fail("measures before it refuses"))
    assert main(["search", *arguments, "--folder", str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--budget", "0.01"], ["--lofi-share", "1", "--bfp4-share", "1"]]
)
def test_what_is_said_to_be_reachable_is(monkeypatch, capsys, tmp_path, arguments):
    class Started(Exception):
        pass

    def opened(self):
        raise Started

    monkeypatch.setattr(Bench, "open", opened)
    given = ["search", "--folder", str(tmp_path)]
    assert main([*given, *arguments]) == 2
    option, least_or_most = re.search(
        r"(--\S+) \S+ cannot be .* is (\S+)$", capsys.readouterr().err
    ).groups()
    assert main([*given, option, least_or_most]) == 70
    assert "Started" in capsys.readouterr().err
