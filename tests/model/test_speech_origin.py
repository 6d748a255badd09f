"""Speech knows how it was made, whoever lets it be made."""

import pytest
from torch import nn

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.sites.kept_reference import KeptReference
from lightning_v2.analysis.verdict import controls
from lightning_v2.chapters.phase import phase_changes
from lightning_v2.cli import main as cli
from lightning_v2.search.plans import quality
from lightning_v2.search.sweep import measurements

TEXT = "Hi."
PLAN = lv2.Plan.load("naive")
FLOAT32 = (None, None)
NAIVE = ("naive", "fast")


def origin(speech):
    return speech.plan, speech.tier


@pytest.fixture
def spied(monkeypatch):
    """Replaces a function of two speeches; returns a list of the origins that it was given."""
    seen = []

    def spy(module, name):
        whole = getattr(module, name)

        def seeing(reference, candidate, *rest):
            seen.append((origin(reference), origin(candidate)))
            return whole(reference, candidate, *rest)

        monkeypatch.setattr(module, name, seeing)
        return seen

    return spy


@pytest.mark.parametrize("of", ["voice", "network"])
def test_emulated(voice, of):
    module = {"voice": voice, "network": voice.model}[of]
    with lv2.emulate(module, lv2.Plan.parse("name: mine\ndefault: {math_fidelity: LoFi}")):
        said = voice.synthesize([TEXT, "Ha."])
    assert [origin(speech) for speech in said] == [("mine", "fast")] * 2
    assert origin(voice.synthesize(TEXT)) == FLOAT32


def test_the_innermost_emulation_is_named(voice):
    with lv2.emulate(voice, "bf16"), lv2.emulate(voice.model, PLAN):
        assert origin(voice.synthesize(TEXT)) == NAIVE
    with lv2.emulate(voice.model.decoder, "bf16"), lv2.emulate(voice, PLAN):
        assert origin(voice.synthesize(TEXT)) == NAIVE
    with lv2.emulate(voice, PLAN), lv2.emulate(voice.model.decoder, "bf16"):
        assert origin(voice.synthesize(TEXT)) == NAIVE  # which keeps its own calls to itself


def test_parts_that_are_emulated_are_named(voice):
    decoder, vocoder = voice.model.decoder, voice.model.vocoder
    with lv2.emulate(decoder, PLAN):
        assert origin(voice.synthesize(TEXT)) == ("naive in decoder", "fast")
        with lv2.emulate(vocoder, "bf16"):
            said = voice.synthesize(TEXT)
        assert origin(said) == ("naive in decoder; bf16 in vocoder", "fast")
    with lv2.emulate(voice.model, PLAN), lv2.emulate(decoder, "bf16"):
        assert origin(voice.synthesize(TEXT)) == ("naive; bf16 in decoder", "fast")
    with lv2.emulate(nn.ModuleList([vocoder, decoder]), PLAN):
        assert origin(voice.synthesize(TEXT)) == ("naive in decoder, vocoder", "fast")
    with lv2.emulate(nn.Linear(2, 2), PLAN):
        assert origin(voice.synthesize(TEXT)) == FLOAT32


def test_who_intercepts_by_hand_does_not_say_how(voice):
    unknown = "(unknown)", "(unknown)"
    with tensix.use("fast"), tensix.intercept(voice.model, PLAN.for_site):
        assert origin(voice.synthesize(TEXT)) == unknown
        with lv2.emulate(voice, PLAN):
            assert origin(voice.synthesize(TEXT)) == NAIVE
    with lv2.emulate(voice, PLAN), tensix.intercept(voice.model, lambda site: None):
        assert origin(voice.synthesize(TEXT)) == unknown
    with tensix.intercept(voice.model.decoder, lambda site: None):
        assert origin(voice.synthesize(TEXT)) == ("(unknown) in decoder", "(unknown)")
    assert origin(voice.synthesize(TEXT)) == FLOAT32


def test_compare_within_an_emulation(voice):
    with lv2.emulate(voice, "bf16", tier="exact"):
        c = lv2.compare(voice, TEXT, PLAN, layers=False)
        d = lv2.compare(voice, TEXT, "bf16", reference=PLAN, layers=False)
    assert (origin(c.reference), origin(c.candidate)) == (FLOAT32, NAIVE)
    assert (origin(d.reference), origin(d.candidate)) == (NAIVE, ("bf16", "fast"))


def test_kept_reference(voice):
    kept = KeptReference(voice, TEXT, reference="bf16")
    assert (kept.speech.plan, kept.speech.tier) == ("bf16", "fast")
    assert origin(kept.say(PLAN).speech) == NAIVE


def test_controls(voice):
    reference = voice.synthesize(TEXT)
    made = {c.name: origin(c.change(voice, reference, "fast")) for c in controls.CONTROLS}
    assert made["naive plan"] == NAIVE
    assert made["bfloat16 phase"] == ("fp32 with bfloat16 phase", "fast")
    assert made["rerun"] == made["pitch shift"] == FLOAT32


def test_phase_changes(voice):
    changes = phase_changes.arithmetic_changes(voice, TEXT)
    assert [origin(change.speech) for change in changes] == [
        (f"fp32 with {phase} phase", "fast") for phase in ("exact", "float32", "bfloat16", "exact")
    ]


@pytest.mark.parametrize("name", ["teacher_forced", "free_running"])
def test_measurements(spied, name, monkeypatch):
    seen = spied(audio_metrics, "measure")
    monkeypatch.setattr(measurements, "_heard", lambda speaker, speech: "")
    text = "name: tried\ndefault: {math_fidelity: LoFi}"
    getattr(measurements, name)("lark", TEXT, text, "fast")
    assert seen[0] == (FLOAT32, ("tried", "fast"))


def test_prosody(spied):
    seen = spied(quality, "prosody_of")
    quality.prosody("lark", TEXT, "name: tried\ndefault: {math_fidelity: LoFi}", "fast")
    assert seen == [(FLOAT32, ("tried", "fast"))]


def test_the_command_line(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(lv2.Speech, "save", lambda speech, path: saved.append(origin(speech)))
    for options in ([], ["--plan", "naive"]):
        assert cli.main(["say", TEXT, "-o", str(tmp_path / "said.wav"), *options]) == 0
    assert saved == [FLOAT32, NAIVE]
