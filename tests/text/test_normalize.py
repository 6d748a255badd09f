"""Hard inputs are a table beside this file; here are the properties that hold for any text."""

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.text import TextError, normalize

TABLE = yaml.safe_load(Path(__file__).with_name("hard_inputs.yaml").read_text(encoding="utf-8"))
ROWS = [
    pytest.param(*row[:2], id=f"{kind}: {row[0]}") for kind, rows in TABLE.items() for row in rows
]
SHAPE_PHRASES = set(".,;:!?'`\"()[]{}|-")
"""Marks that are heard as a pause or a change of tone, or not at all; the rest are words."""


@pytest.mark.parametrize(("written", "said"), ROWS)
def test_says(written, said):
    normalized = normalize(written)
    assert normalized.text == said
    assert normalized.unspoken == ()


def test_every_row_is_written_once():
    written = [row[0] for rows in TABLE.values() for row in rows]
    assert len(written) == len(set(written)) > 250


def test_reports_what_nobody_can_say_and_speaks_the_rest():
    normalized = normalize("Hello 😀 world 你好 😀")
    assert normalized.text == "hello world ."
    assert normalized.unspoken == ("😀", "你", "好")


@pytest.mark.parametrize(
    ("text", "said", "unspoken"),
    [
        ("**bold** and _thin_", "bold and thin .", ("*", "_")),
        ("a ~ b ^ c", "a b c .", ("~", "^")),
        ("a † b", "a b .", ("†",)),
    ],
)
def test_reports_signs_that_mean_nothing_where_they_stand(text, said, unspoken):
    normalized = normalize(text)
    assert (normalized.text.lower(), normalized.unspoken) == (said, unspoken)


@pytest.mark.parametrize("context", ["a {} b", "a{}b", "so{} it is", "5{}6", "{}word", "ask {}."])
@pytest.mark.parametrize("sign", sorted(set(string.punctuation) - SHAPE_PHRASES))
def test_no_sign_is_lost_in_silence(sign, context):
    with_sign = normalize(context.format(sign))
    without = normalize(context.format(" "))
    assert with_sign.text != without.text or sign in with_sign.unspoken


@pytest.mark.parametrize("sign", "£€¥₹₩₽₿¢°µΩ·×÷±≈≠≤≥∞√π²³™®©§№½→¶")
def test_no_symbol_is_lost_in_silence(sign):
    assert normalize(f"so {sign} it is").text != normalize("so it is").text


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


@given(st.text(string.printable[:95] + "°µ²½′″–—é", max_size=60))
def test_only_what_was_written_is_reported(text):
    try:
        unspoken = normalize(text).unspoken
    except TextError as error:
        unspoken = tuple(str(error).partition("no pronunciation for ")[2].replace(" ", ""))
    raised = "^" if "²" in text else ""
    assert set(unspoken) <= set(text + raised)


@given(st.from_regex(r"\A[ -~]{1,60}\Z"))
def test_no_digit_or_symbol_is_left_over(text):
    try:
        said = normalize(text).text
    except TextError:
        return
    assert not set(said) - set(string.ascii_letters + "' ,.?!")


@given(st.lists(st.sampled_from([word for rows in TABLE.values() for row in rows
                                 for word in row[0].split()]), min_size=1, max_size=8),
       st.sampled_from(["", " ", ", ", " - "]))  # fmt: skip
def test_hard_words_in_any_order_are_said_or_refused(words, between):
    try:
        said = normalize(between.join(words)).text
    except TextError:
        return
    assert not set(said) - set(string.ascii_letters + "' ,.?!")
