import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.text.phones import CONSONANTS, VOWELS
from lightning_v2.text.syllables import syllabify


@pytest.mark.parametrize(
    ("phones", "syllables"),
    [
        ("eh k s t r ax", "eh k.s t r ax"),
        ("s ih ng ih ng", "s ih ng.ih ng"),
        ("ax t l ae s", "ax t.l ae s"),
        ("p r ih n t ih ng", "p r ih n.t ih ng"),
        ("s t", "s t"),
    ],
)
def test_maximal_onsets(phones, syllables):
    assert ".".join(" ".join(s) for s in syllabify(phones.split())) == syllables


@given(st.lists(st.sampled_from(VOWELS + CONSONANTS), min_size=1, max_size=12))
def test_nothing_is_lost_and_every_syllable_has_one_vowel(phones):
    syllables = syllabify(phones)
    assert [phone for s in syllables for phone in s] == phones
    vowels = sum(phone in VOWELS for phone in phones)
    assert len(syllables) == max(1, vowels)
