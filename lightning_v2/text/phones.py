"""The phones the voice speaks: the 39 of the CMU dictionary, schwa and the pause."""

PAUSE = "pau"

VOWELS = ("aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh",
          "uw")  # fmt: skip
CONSONANTS = ("b", "ch", "d", "dh", "f", "g", "hh", "jh", "k", "l", "m", "n", "ng", "p", "r", "s",
              "sh", "t", "th", "v", "w", "y", "z", "zh")  # fmt: skip

PHONES = (PAUSE, *VOWELS, *CONSONANTS)
"""Every phone in a fixed order: the row of the embedding is the position in this tuple."""

PHONE_INDEX = {phone: index for index, phone in enumerate(PHONES)}

IPA_TO_PHONE = {
    "ɑ": "aa", "æ": "ae", "ʌ": "ah", "ɔ": "ao", "aʊ": "aw", "ə": "ax", "aɪ": "ay", "ɛ": "eh",
    "ɚ": "er", "eɪ": "ey", "ɪ": "ih", "i": "iy", "oʊ": "ow", "ɔɪ": "oy", "ʊ": "uh", "u": "uw",
    "b": "b", "t͡ʃ": "ch", "d": "d", "ð": "dh", "f": "f", "ɡ": "g", "h": "hh", "d͡ʒ": "jh",
    "k": "k", "l": "l", "m": "m", "n": "n", "ŋ": "ng", "p": "p", "ɹ": "r", "s": "s", "ʃ": "sh",
    "t": "t", "θ": "th", "v": "v", "w": "w", "j": "y", "z": "z", "ʒ": "zh",
}  # fmt: skip
"""IPA symbols of the pronunciation lexicon (without stress marks) to phones."""
