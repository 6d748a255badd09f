"""A module as a voice is judged, searched, bisected and explored, by a loss of one's own, too."""

import numpy as np
import pytest
from distributed import LocalCluster

import lightning_v2 as lv2
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError
from lightning_v2.search.check import held_out
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.bisect import first_break
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.find import search, sentences_for_search
from tests import own_modules
from tests.own_modules import RATE, made, mel
from widgets import PrecisionExplorer

INPUTS = {name: mel(120, seed) for seed, name in enumerate(("one", "two", "three", "four"))}
LOW = lv2.Plan.parse(
    "{name: low, default: {weights: bfloat4_b, activations: bfloat8_b, math_fidelity: LoFi}}"
)
HIGH = lv2.Plan.parse("{name: high, default: {math_fidelity: HiFi4, fp32_dest_acc_en: true}}")


def error_energy(reference, candidate):
    """A loss of one's own."""
    return float(np.square(reference.waveform - candidate.waveform).mean())


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as found:
        yield found.scheduler_address


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def voice():
    return lv2.ModuleVoice(made(own_modules.Generator), INPUTS, audio=RATE, name="mine")


@pytest.fixture
def bench(voice, cluster, tmp_path):
    there = {"scheduler": cluster, "progress": False}
    return Bench(("one",), tmp_path, voice=voice, metric=error_energy, **there)


def test_checked_on_its_own_inputs(voice, cluster, tmp_path):
    asked = {"folder": tmp_path, "scheduler": cluster, "progress": False, "resamples": 99}
    found = lv2.check(LOW, voice=voice, controls=False, **asked)
    assert found.sentences == tuple(INPUTS) and found.voice_digest == voice.digest
    assert found.answer in ("not equivalent", "no verdict")


def test_measured_by_a_loss_of_ones_own(bench):
    table = bench.measure([HIGH, LOW])
    assert (table["score"] == table["own"]).all() and table["own"].iloc[0] < table["own"].iloc[1]
    same = Bench(("one",), bench.folder, voice=bench.voice, metric=error_energy)
    assert same == Bench(("one",), bench.folder, voice=bench.voice, metric=bench.metric)


def test_searched(bench):
    goal, groups = Constraints(lofi_share=0.5), ["ups.*", "blocks.*"]
    found = search(bench, goal, HIGH, strategy="greedy", globs=groups)
    assert found.best.figures.lofi_share >= 0.5 and np.isfinite(found.best.score)
    assert found.trials["own"].notna().all() and {"own", "lost"} <= set(found.losses)


def test_bisected(bench):
    limit = bench.measure([LOW])["own"][0] / 2
    found = first_break(bench, HIGH, LOW, limit)
    assert found.before <= limit < found.after and "own" in found.steps


def test_explored(voice):
    explorer = PrecisionExplorer("two", LOW, voice=voice)
    try:
        assert explorer.comparison.aligned and explorer.comparison.plan.name == "low"
        explorer.session.set(text="five")
        assert "no inputs for 'five'" in explorer.session.message
    finally:
        explorer.close()


def test_the_judge_hears_what_the_search_has_not():
    own = tuple(INPUTS)
    assert sentences_for_search(8, own) == ("three", "four")
    assert list(held_out(100, own[:-2])) == ["one", "two"]
    assert sentences_for_search(3, ("one",)) == ("one",)
    with pytest.raises(ArgumentError, match="legal are 2 to 0"):
        held_out(100, ())


MINE = """
import lightning_v2 as lv2
from tests.own_modules import Generator, RATE, made, mel


def voice():
    inputs = {name: mel(120, seed) for seed, name in enumerate("abcd")}
    return lv2.ModuleVoice(made(Generator), inputs, audio=RATE)


def loss(reference, candidate):
    return abs(reference.waveform - candidate.waveform).max()
"""


def test_the_command_takes_a_file(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    arguments = [
        "search", "--voice", str(path), "--metric", f"{path}:loss", "--lofi-share", "0.05",
        "--sites", "post", "--strategy", "greedy", "--judged", "0", "--workers", "1",
        "--sentences", "1", "--folder", str(tmp_path), "-o", str(tmp_path / "best.yaml"),
        "--figure", str(tmp_path / "figure.png"),
    ]  # fmt: skip
    assert main(arguments) == 0
    assert "emulated, fast tier, 1 sentence" in capsys.readouterr().out
    assert lv2.Plan.load(tmp_path / "best.yaml").name == "candidate"
    with pytest.raises(ArgumentError, match="has no function 'none'"):
        Bench(("a",), tmp_path, voice=str(path), metric=f"{path}:none")
