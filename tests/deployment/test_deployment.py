"""The whole voice on mock devices: all that ttnn checks, and what it asks of a device."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lightning_v2 import tensix
from lightning_v2.deployment import deployment as module
from lightning_v2.deployment.deployment import Deployment
from lightning_v2.deployment.emulate import emulate
from lightning_v2.deployment.errors import UnsupportedError
from lightning_v2.deployment.lowering.buckets import Buckets, TooLongError
from lightning_v2.model import load
from lightning_v2.precision import Plan, PlanError, voice_sites
from lightning_v2.tensix.numbers.formats import tile_bytes
from lightning_v2.tile import TILE
from tests.deployment.device_process import run_on_mock

PHONES, FRAMES = (32, 64), (128, 256)
SHORT = Buckets(phones=PHONES, frames=FRAMES)
DEPLOYED = [("n150", ("bf16", "lightning-v2")), ("p150", ("bf16", "lightning-v2"))]
OTHERS = [("n300", ("lightning-v2",)), ("p100", ("lightning-v2",))]
MOST_PROGRAMS = 240
"""Of one sentence of 256 frames, all stages."""
LEAVING = (
    "encoder.norm", "text.norm", "duration.output", "prosody.pitch", "prosody.energy",
    "vocoder.inverse_cosines", "vocoder.inverse_sines",
)  # fmt: skip


def built(device, plans, cache):
    """All buckets of a voice under each plan; `cache`: folder of constants, empty."""
    voice, told = load(), {}
    for name in plans:
        deployment = Deployment(voice, name, device, buckets=SHORT, cache=Path(cache))
        prepared = list(deployment.prepare())
        plan = deployment.plan
        told[name] = {
            "prepared": prepared,
            "sites": deployment.sites,
            "stages": [
                {
                    "stage": stage.stage,
                    "bucket": stage.bucket,
                    "board": stage.board,
                    "programs": stage.programs,
                    "fits": stage.fits,
                    "moved": [stage.uploads, stage.downloads],
                    "written": stage.dram_written_bytes,
                }
                for stage in deployment.report.stages
            ],
            "captured": len(deployment.graphs),
            "kinds": sorted({choice.program.kind for choice in deployment.choices}),
            "weights": [deployment.weights.packed, deployment.weights.loaded],
            "outputs": {site: plan.for_site(site).output for site in LEAVING},
        }
        deployment.close()
    return told


def builds(cases):
    return pytest.mark.parametrize("built_on", cases, indirect=True, ids=lambda case: case[0])


@pytest.fixture(scope="module")
def built_on(request, tmp_path_factory):
    board, plans = request.param
    cache = str(tmp_path_factory.mktemp("cache"))
    return board, plans, run_on_mock(board, built, plans, cache)


def stored(rows, columns, dtype):
    return -(-rows // TILE) * -(-columns // TILE) * tile_bytes(dtype)


def expected(stage, bucket, outputs):
    """Bytes that a stage leaves in DRAM: what is kept and what the host fetches."""
    frames, phones = bucket
    steps = frames // 2

    def written(site, rows, columns):
        return stored(rows, columns, outputs[site])

    def biased(site, rows, columns):
        """A float32 output gets its bias by an operation of its own, which writes once more."""
        return written(site, rows, columns) * (2 if outputs[site] == "float32" else 1)

    def table(site, columns):
        """What a site gives, then with rows of zeros, then as rows that are looked up."""
        rows = (phones + TILE) * columns * 2
        return written(site, phones, columns) + written(site, phones + TILE, columns) + rows

    return {
        "encode": table("encoder.norm", 192)
        + table("text.norm", 128)
        + biased("duration.output", phones, 1),
        "prosody": biased("prosody.pitch", steps, 2) + biased("prosody.energy", steps, 2),
        "speech": written("vocoder.inverse_cosines", frames, 608)
        + written("vocoder.inverse_sines", frames, 608),
    }[stage]


@builds([*DEPLOYED, *OTHERS])
def test_the_whole_voice_in_every_bucket(built_on, trained):
    board, plans, told = built_on
    sites = {site.name: site.op for site in voice_sites(trained)}
    assert list(told) == list(plans)
    for plan in plans:
        assert told[plan]["prepared"] == ["frames 128, phones 32", "frames 256, phones 64"]
        assert told[plan]["sites"] == sites
        assert {stage["board"] for stage in told[plan]["stages"]} == {board}
        assert set(told[plan]["kinds"]) <= {"rows", "columns", "blocks"}
        assert told[plan]["weights"][0] > 100 and told[plan]["weights"][1] == 0


@builds([*DEPLOYED, *OTHERS])
def test_stages_of_every_bucket(built_on):
    _, plans, told = built_on
    buckets = {
        f"frames {frames}, phones {phones}": (frames, phones)
        for frames, phones in zip(FRAMES, PHONES, strict=True)
    } | {f"phones {phones}": (0, phones) for phones in PHONES}
    moved = {"encode": [4, 1], "prosody": [2, 2], "speech": [7, 2]}
    for plan in plans:
        stages = told[plan]["stages"]
        assert {(x["stage"], x["bucket"]) for x in stages} == {
            (stage, bucket)
            for bucket in buckets
            for stage in (moved if "frames" in bucket else ())
            if stage in ("prosody", "speech")
        } | {("encode", f"phones {n}") for n in PHONES}
        assert told[plan]["captured"] == len(stages) == 6
        for stage in stages:
            assert stage["fits"] and stage["programs"] > 20, stage
            assert stage["moved"] == moved[stage["stage"]], stage
            wanted = expected(stage["stage"], buckets[stage["bucket"]], told[plan]["outputs"])
            assert stage["written"] == wanted, stage
        largest = [x for x in stages if x["bucket"].endswith(f"phones {PHONES[-1]}")]
        assert sum(stage["programs"] for stage in largest) <= MOST_PROGRAMS


def described(speech):
    return {
        "text": speech.text,
        "phonemes": len(speech.phonemes),
        "durations": len(speech.durations),
        "f0": len(speech.f0),
        "samples": len(speech.waveform),
        "loudest": float(np.abs(speech.waveform).max()),
        "frames": list(speech.frames),
        "plan": speech.plan,
        "tier": speech.tier,
        "seed": speech.seed,
    }


LONG = (
    "It is a sentence that says one thing after the other, with one comma and no end that "
    "anybody could see from here, or so the story goes."
)
TEXTS = ["Hi.", "One sentence. And another one!", LONG, "Two birds and a cat in the garden."]


def spoken(device, cache):
    voice, told = load(), {}
    for batch in (1, 3):
        buckets = Buckets(phones=PHONES, frames=(128,), batch=batch, rows=384)
        deployment = Deployment(voice, "bf16", device, buckets=buckets, cache=Path(cache))
        told[f"batch {batch}"] = list(map(described, deployment.synthesize(TEXTS, seed=7)))
        told[f"weights {batch}"] = [deployment.weights.packed, deployment.weights.loaded]
    told["one by one"] = [described(deployment.synthesize(text, seed=7)) for text in TEXTS]
    forced = voice.synthesize("One sentence. And another one!", seed=7)
    speech = deployment.synthesize(forced.text, seed=7, forced=forced)
    told["forced"] = [
        np.array_equal(speech.durations, forced.durations),
        np.array_equal(speech.f0, forced.f0),
        len(speech.waveform) == len(forced.waveform),
        list(speech.frames) == list(forced.frames),
    ]
    with pytest.raises(ValueError, match="forced is speech of another text"):
        deployment.synthesize("Hi.", forced=forced)

    seen = []
    observed = Deployment(
        voice,
        "bf16",
        device,
        buckets=Buckets(phones=(32,), frames=(128,)),
        observer=lambda call: seen.append([call.site, list(call.result.shape)]),
        cache=Path(cache),
    )
    observed.synthesize("Hi.")
    told["seen"], told["reported"] = seen, len(observed.report.stages)

    def error(expected, plan, buckets=SHORT, text="Hi.", **options):
        with pytest.raises(expected) as caught:
            Deployment(voice, plan, device, buckets=buckets, **options).synthesize(text)
        return str(caught.value)

    plan = Plan.parse("name: odd\nrules: [{sites: decoder.input, in0_block_w: 5}]")
    told["unsupported"] = error(UnsupportedError, plan)
    plan = Plan.parse("rules: [{sites: decoder.inptu, output: float32}]", "mine.yaml")
    told["another voice"] = error(PlanError, plan)
    told["observers"] = error(ValueError, "bf16", Buckets(batch=2), observer=print)
    told["word"] = error(TooLongError, "bf16", Buckets(phones=(32,)), "a" * 200)
    return told


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    return run_on_mock("n150", spoken, cache)


@pytest.mark.parametrize("kind", ["batch 1", "batch 3", "one by one"])
def test_speech_is_whole(told, kind, trained):
    for text, speech in zip(TEXTS, told[kind], strict=True):
        frames = sum(speech["frames"])
        assert speech["text"] == text
        assert speech["samples"] == 300 * frames
        assert speech["f0"] == frames
        assert speech["phonemes"] == speech["durations"] >= 4
        assert (speech["plan"], speech["tier"], speech["seed"]) == ("bf16", "mock", 7)
        # A mock computes nothing.
        assert speech["loudest"] == 0


def test_speech_does_not_depend_on_the_batch(told):
    assert told["batch 3"] == told["batch 1"] == told["one by one"]


def test_sentences_are_spoken_in_parts_where_they_are_too_long(told):
    assert [len(speech["frames"]) for speech in told["batch 1"]] == [1, 2, 3, 1]


@pytest.fixture
def emulated(monkeypatch):
    """Deployments whose device is the emulated chip."""
    monkeypatch.setattr(module, "TtnnOps", lambda device: tensix)
    monkeypatch.setattr(module, "FusingOps", lambda ops: ops)
    for name in ("Weights", "DeviceStages"):
        monkeypatch.setattr(module, name, lambda *args, **options: None)
    return SimpleNamespace(target="mock", board="n150")


@pytest.mark.parametrize("plan", ["fp32", "lightning-v2"])
def test_bits_are_those_of_the_emulation_in_any_batch(emulated, voice, plan):
    """Sums over phones depend on their bucket in fp32: a sentence keeps its own."""
    texts = [LONG[:40] + ".", LONG[:80] + "."]
    counts = [len(voice.phonemize(text)) for text in texts]
    assert 32 < counts[0] <= 64 < counts[1] <= 128
    with emulate(voice, plan, tier="exact"):
        wanted = voice.synthesize(texts, seed=3)
    buckets = Buckets(phones=(64, 128), frames=(96, 128), batch=2, rows=256)
    with tensix.use("exact"):
        spoken = Deployment(voice, plan, emulated, buckets=buckets).synthesize(texts, seed=3)
    for one, other in zip(spoken, wanted, strict=True):
        assert one.phonemes == other.phonemes and one.frames == other.frames
        for name in ("durations", "f0", "waveform"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert (one.plan, one.tier) == (plan, "mock")


def test_weights_are_packed_once_for_all_deployments(told):
    assert told["weights 1"][0] > 100 and told["weights 1"][1] == 0
    assert told["weights 3"] == told["weights 1"][::-1]


def test_forced_speech_keeps_what_is_given(told):
    assert told["forced"] == [True] * 4


def test_observers_see_every_site(told, trained):
    sites = voice_sites(trained)
    assert sorted(site for site, _ in told["seen"]) == sorted(site.name for site in sites)
    assert told["reported"] == 0


def test_what_ttnn_refuses_names_the_plan_the_place_and_the_reason(told):
    assert told["unsupported"].startswith(
        "plan odd cannot run on n150: in linear at site decoder.input: "
    )
    assert len(told["unsupported"]) < 500 and "\n" not in told["unsupported"]


def test_plans_of_other_voices_are_refused(told):
    assert "'decoder.inptu'" in told["another voice"]
    assert "'decoder.input'" in told["another voice"]


def test_observers_of_several_sentences_are_refused(told):
    assert told["observers"] == "an observer sees one sentence at a time; batch must be 1"


def test_a_word_without_a_bucket(told):
    assert "the largest bucket is 32" in told["word"]
