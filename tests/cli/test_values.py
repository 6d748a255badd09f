"""Options of every verb: what cannot be meant is refused while it is read."""

import argparse

import pytest

from lightning_v2.cli import values
from lightning_v2.cli.main import _parser, main
from lightning_v2.resources import held_out_texts

VERBS = {
    "say": ["Hi.", "-o", "a.wav"],
    "compare": ["Hi.", "--plan", "bf16"],
    "check": ["bf16"],
    "search": ["--budget", "0.5"],
    "notebooks": [],
    "train": ["run"],
    "deploy": ["--target", "mock"],
}
ILLEGAL = {
    "--acoustic-steps": ["0"],
    "--batch": ["0"],
    "--bfp4-share": ["2", "nan"],
    "--bfp8-share": ["-0.1"],
    "--budget": ["0", "1", "inf"],
    "--buckets": ["100", "64", "256,128", "128;256", ""],
    "--cell-timeout": ["0"],
    "--device": ["gpu"],
    "--generations": ["-1"],
    "--held-out": ["-1"],
    "--jobs": ["0", "x"],
    "--joint-steps": ["1.5"],
    "--judged": ["-1"],
    "--judged-sentences": ["1", "241"],
    "--layers": ["0", "-1"],
    "--limit": ["-1"],
    "--lofi-share": ["98"],
    "--notebook-timeout": ["0"],
    "--scheduler": ["foo", "tcp://foo", "tcp://:1", "tcp://a:99999", "http://a:1", "tcp://a:1/b"],
    "--seed": ["-1", "1e3", "x", str(2**63)],
    "--sentences": ["0", "241"],
    "--threshold": ["nan", "inf"],
    "--vocoder-steps": ["-5"],
    "--workers": ["0"],
}


def options(verb):
    """Options of a verb that take a value and read it by a function."""
    verbs = next(action for action in _parser()._actions if action.choices)
    return {a.option_strings[-1]: a for a in verbs.choices[verb]._actions if a.option_strings}


CASES = [
    (verb, option, value)
    for verb in VERBS
    for option in options(verb).keys() & ILLEGAL
    for value in ILLEGAL[option]
]


@pytest.mark.parametrize(("verb", "option", "value"), sorted(CASES))
def test_what_cannot_be_meant_is_refused(verb, option, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, *VERBS[verb], f"{option}={value}"])
    assert stopped.value.code == 2
    assert f"argument {option}: {value!r} is not legal; legal are" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_no_number_is_read_without_a_look(verb):
    read = {name: action.type for name, action in options(verb).items() if action.type}
    assert int not in read.values() and float not in read.values()


@pytest.mark.parametrize("verb", [*VERBS, "doctor"])
def test_help_tells_every_default(verb):
    for name, action in options(verb).items():
        if action.nargs != 0 and action.default not in (None, []):
            assert "(default: " in action.help, name


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tls://[::1]:1", "tls://[::1]:1"),
        ("node-3.cluster:8786", "tcp://node-3.cluster:8786"),
    ],
)
def test_addresses(text, read):
    assert values.address(text) == read


def test_legal_ends():
    assert [values.share(text) for text in ("0", "1")] == [0, 1]
    assert [values.whole(2, 4)(text) for text in ("2", "4")] == [2, 4]
    assert values.finite("-0.5") == -0.5
    assert values.device("cuda:1") == "cuda:1"


def test_sentences_are_counted_or_in_a_file(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("One.")
    assert values.sentences(2)("240") == 240 and values.sentences(1)(str(path)) == path
    for illegal in ("1", "241", str(tmp_path / "none.txt")):
        with pytest.raises(argparse.ArgumentTypeError, match="files of sentences that are there"):
            values.sentences(2)(illegal)


def test_held_out_sentences_are_counted():
    assert len(held_out_texts()) == values.HELD_OUT


@pytest.mark.parametrize("verb", ["check", "search"])
def test_a_scheduler_has_workers_of_its_own(verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, *VERBS[verb], "--scheduler", "tcp://127.0.0.1:1", "--workers", "1"])
    assert "not allowed with argument --scheduler" in capsys.readouterr().err
