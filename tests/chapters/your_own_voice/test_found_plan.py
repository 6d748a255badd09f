import lightning_v2 as lv2
from lightning_v2.chapters.your_own_voice.found_plan import cost_sheet, part_globs
from lightning_v2.chapters.your_own_voice.voice_card import VoiceCard
from lightning_v2.precision import voice_sites
from lightning_v2.precision.moves import groups


def test_globs_of_parts_match_what_is_multiplied_once(voice):
    globs = part_globs(voice)
    assert {"front end", "durations", "F0", "decoder", "inverse STFT"} <= globs.keys()
    counted = [site for site in voice_sites(voice) if site.macs]
    members = groups(counted, {"math_fidelity": "LoFi"}, globs)
    assert sum(map(len, members.values())) == len(counted)


def test_a_row_a_plan_with_what_it_costs(voice):
    frame = cost_sheet(voice, lv2.Plan.load("bf16"), lv2.Plan.load("bfp8-lofi")).frame
    assert frame["plan"].tolist() == ["bf16", "bfp8-lofi"]
    size, cycles = frame["constants (MB)"].astype(float), frame.iloc[:, -1].astype(float)
    assert size[1] < 0.6 * size[0]
    assert cycles[1] < cycles[0]


def test_a_card_counts_parts_and_kinds(second):
    words = "\n".join(VoiceCard(second).lines())
    assert "16000 Hz" in words
    assert "convolutions 1" in words
    assert "can pin to those of float32: nothing" in words
