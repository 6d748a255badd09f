import io

import pytest
import soundfile

from lightning_v2.cli import main


def test_say(tmp_path, capsys):
    out = tmp_path / "a.wav"
    assert main(["say", "Good morning.", "-o", str(out)]) == 0
    assert soundfile.info(out).samplerate == 24000
    assert "PyTorch float32" in capsys.readouterr().out


def test_say_with_a_plan(tmp_path, capsys):
    out = tmp_path / "a.wav"
    assert main(["say", "Good morning.", "-o", str(out), "--plan", "lightning-v2"]) == 0
    assert "plan lightning-v2, fast tier (emulated)" in capsys.readouterr().out


def test_say_from_standard_input(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("Good morning."))
    assert main(["say", "-", "-o", str(tmp_path / "a.wav")]) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["", "-o", "a.wav"], "nothing to say"),
        (["Hi.", "-o", "missing/a.wav"], "missing is not a folder"),
        (["Hi.", "-o", "a.wav", "--voice", "nobody"], "no voice 'nobody'"),
        (["Hi.", "-o", "a.wav", "--plan", "lightning"], "lightning-v2"),
        (["Hi.", "-o", "a.wav", "--plan", "bf16", "--tier", "quick"], "fast"),
    ],
)
def test_say_refuses_with_a_reason(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main(["say", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_compare(capsys):
    assert main(["compare", "Good morning.", "--plan", "lightning-v2", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    assert "pesq_wb_mos" in out
    assert "3 sites with the largest accumulated error" in out
    assert "all values of all sites are finite" in out
    assert "measured only on request" in out


def test_compare_tells_what_blocks_flush(capsys):
    assert main(["compare", "Good morning.", "--plan", "naive", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    assert "of the activations of encoder.blocks" in out
    assert "sites that flush most. Flushed: operands that were not zero" in out


@pytest.mark.parametrize(
    "verb", ["say", "compare", "check", "search", "notebooks", "train", "deploy", "doctor"]
)
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert "usage: lightning-v2" in capsys.readouterr().out
