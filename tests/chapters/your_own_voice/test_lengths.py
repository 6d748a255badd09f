import numpy as np
import torch

from lightning_v2.chapters.your_own_voice.lengths import length_sheet, lengths
from tests.chapters.your_own_voice.conftest import LOW


def test_the_same_sentence_alone_and_at_the_end_of_a_longer_one(voice):
    found = lengths(voice, "Seven ships.", "bf16", repeats=(0, 1))
    alone, longer = found.situations
    assert longer.seconds > 1.5 * alone.seconds
    said = [[x for x in y.arm.reference.phonemes if x != "_"] for y in (alone, longer)]
    assert said[0] == said[1]
    assert len(longer.arm.candidate.phonemes) >= len(alone.arm.candidate.phonemes) - 1
    assert [situation.not_finite for situation in found.situations] == ["", ""]
    assert found.same_in_a_list


def test_what_cannot_be_cut_has_no_measures(second):
    found = lengths(second, "seven", LOW, repeats=(0, 1))
    assert found.situations[1].arm is None
    frame = length_sheet(found).frame
    assert frame["LSD (dB)"][1] == "–"
    assert frame["first site not finite"].tolist() == ["none", "none"]


def test_the_first_site_that_is_not_finite_is_named(second):
    bias = second.model.mix.bias
    kept = bias.clone()
    try:
        bias[0] = torch.inf
        found = lengths(second, "seven", LOW, repeats=(0,))
    finally:
        bias.copy_(kept)
    assert found.situations[0].not_finite == "mix"
    assert np.isnan(found.situations[0].arm.values["lsd_db"])
