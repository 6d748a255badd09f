from lightning_v2.text.misaki import parts


def cut(sentence, longest):
    return ["".join(part) for part in parts(sentence, longest)]


def test_a_sentence_that_fits_stays_whole():
    assert cut("wˈʌn, tˈu.", 10) == ["wˈʌn, tˈu."]


def test_a_long_one_is_cut_after_a_phrase_or_else_after_a_word():
    assert cut("wˈʌn, tˈu θɹˈi fˈɔɹ", 12) == ["wˈʌn,", "tˈu θɹˈi", "fˈɔɹ"]
    assert cut("wˈʌn tˈu θɹˈi", 9) == ["wˈʌn tˈu", "θɹˈi"]


def test_a_long_word_stays_whole():
    assert cut("ə kəntˈɪnjuəs wˈʌn", 6) == ["ə", "kəntˈɪnjuəs", "wˈʌn"]
