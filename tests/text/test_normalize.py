"""Hard inputs, as a table: what is written, what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.text import TextError, normalize

SPOKEN = {
    # numbers, ordinals, decimals, fractions
    "I have 42 apples.": "i have forty two apples .",
    "1,234,567 people": "one million two hundred and thirty four thousand five hundred and sixty "
    "seven people .",
    "the 1st, 22nd and 1,000th": "the first , twenty second and one thousandth .",
    "pi is 3.14159": "pi is three point one four one five nine .",
    ".5 or 0.5": "point five or zero point five .",
    "agent 007": "agent zero zero seven .",
    "-5 degrees": "minus five degrees .",
    "1/2 cup, 2 3/4 cups, ½": "one half cup , two and three quarters cups , one half .",
    "50% off": "fifty percent off .",
    "10%–20%, 2nd-4th, 50-50": "ten percent to twenty percent , second to fourth , fifty fifty .",
    "9/11, 24/7, and/or": "nine eleven , twenty four seven , and or .",
    "v2.0.1 at 192.168.0.1": "v two dot zero dot one at one hundred and ninety two dot one hundred "
    "and sixty eight dot zero dot one .",
    "~5 x^2": "about five x to the power of two .",
    # years and dates
    "In 1984, in 2000, in 2005, in 1066": "in nineteen eighty four , in two thousand , in two "
    "thousand and five , in ten sixty six .",
    "the 1990s and the '80s": "the nineteen nineties and the eighties .",
    "July 4, 1776": "july fourth , seventeen seventy six .",
    "12/25/2020": "december twenty fifth , twenty twenty .",
    "1914–1918": "nineteen fourteen to nineteen eighteen .",
    # money
    "$3.50": "three dollars and fifty cents .",
    "$1.01": "one dollar and one cent .",
    "£20.99 or €5": "twenty pounds and ninety nine pence or five euros .",
    "$3 million, $5k, $1.5bn": "three million dollars , five thousand dollars , one point five "
    "billion dollars .",
    # times and units
    "10:45 p.m.": "ten forty five P M .",
    "at 7:00": "at seven o'clock .",
    "9:05 am": "nine oh five A M .",
    "3pm": "three P M .",
    "12:30:45": "twelve thirty and forty five seconds .",
    "I'm 6'2\"; 20°C": "i'm six feet two inches , twenty degrees celsius .",
    "Sat. 5 Jan., the cat sat.": "saturday five january , the cat sat .",
    "5 km in 10kg": "five kilometers in ten kilograms .",
    # abbreviations and initials
    "Dr. Smith vs. Mrs. Jones, etc.": "doctor smith versus missus jones , et cetera .",
    "St. John lives on Main St.": "saint john lives on main street .",
    "e.g. this, i.e. that": "for example , this , that is , that .",
    "No. 5 is no. No!": "number five is no . no !",
    "The U.S.A. and the U.S. Army": "the U S A and the U S army .",
    "A. B. Smith met J. F. Kennedy": "A B smith met J F kennedy .",
    "the FBI's TTS, NASA, CEOs": "the F B I's T T S , nasa , C E O's .",
    "R&D, AT&T, Q&A, Ph.D.": "R and D , A T and T , Q and A , P H D .",
    "World War II and Henry VIII": "world war two and henry eight .",
    # hyphens, dashes, quotes, brackets
    "state-of-the-art, 21st-century": "state of the art , twenty first century .",
    "well -- maybe — yes": "well , maybe , yes .",
    "“Yes,” he said; 'no'.": "yes , he said , no .",
    "don't, o'clock, O'Neill, 'tis": "don't , o'clock , o'neill , 'tis .",
    "dogs' (and cats)": "dogs , and cats .",
    # case, Unicode, symbols
    "HELLO WORLD": "hello world .",
    "iPhone McDonald": "iphone mcdonald .",
    "résumé naïve café": "resume naive cafe .",
    "ﬁne “ﬂow”…": "fine flow .",
    "C++ & me@example.com": "C plus plus and me at example dot com .",
    "www.example.com": "W W W dot example dot com .",
    "zero\u200bwidth\u00ad": "zerowidth .",
    "line\nbreak\ttab": "line break tab .",
    "Wait... what?! No!!!": "wait , what ? no !",
}


@pytest.mark.parametrize(("written", "said"), SPOKEN.items())
def test_says(written, said):
    assert normalize(written).text == said


def test_reports_what_nobody_can_say_and_speaks_the_rest():
    normalized = normalize("Hello 😀 world 你好 😀")
    assert normalized.text == "hello world ."
    assert normalized.unspoken == ("😀", "你", "好")


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "...", "?!", "“”", "—", "你好", "😀"])
def test_refuses_text_with_nothing_to_say(text):
    with pytest.raises(TextError, match="nothing to say"):
        normalize(text)


@pytest.mark.parametrize(
    ("text", "named"), [("a\0b", "U\\+0000 at position 1"), ("\x1b[0m", "001B")]
)
def test_refuses_control_characters_by_name_and_place(text, named):
    with pytest.raises(TextError, match=named):
        normalize(text)


@given(st.text(max_size=80))
def test_any_text_is_said_or_refused(text):
    try:
        said = normalize(text).text
    except TextError:
        return
    assert said.split()[-1] in (".", "?", "!")
    assert all(token.isascii() for token in said.split())


@given(st.from_regex(r"\A[ -~]{1,60}\Z"))
def test_no_digit_or_symbol_is_left_over(text):
    try:
        said = normalize(text).text
    except TextError:
        return
    assert not set(said) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ' ,.?!")
