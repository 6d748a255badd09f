import io

import pytest
import soundfile

from lightning_v2.cli.main import main


def test_say(tmp_path, capsys):
    out = tmp_path / "a.wav"
    assert main(["say", "Good morning.", "-o", str(out)]) == 0
    assert soundfile.info(out).samplerate == 24000
    assert "PyTorch float32" in capsys.readouterr().out


def test_say_with_a_plan(tmp_path, capsys):
    out = tmp_path / "a.wav"
    assert main(["say", "Good morning.", "-o", str(out), "--plan", "lightning-v2"]) == 0
    assert "plan lightning-v2, fast tier (emulated)" in capsys.readouterr().out


def test_a_warning_is_one_line(tmp_path, capsys):
    out = tmp_path / "a.wav"
    assert main(["say", "Hi.", "-o", str(out), "--plan", "bf16", "--voice", "hibari"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: preset bf16: this voice has no site ")


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
        (["Hi.", "-o", "a.wav", "--tier", "exact"], "--tier exact needs a --plan"),
        (["Hi.", "-o", "a.aac"], "a sound file cannot end in .aac; name it a.wav"),
    ],
)
def test_say_refuses_with_a_reason(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main(["say", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/proc/self/fd/1"])
def test_speech_on_standard_output_has_no_message_in_it(name, capfdbinary):
    assert main(["say", "Good morning.", "-o", name]) == 0
    out, err = capfdbinary.readouterr()
    wave, rate = soundfile.read(io.BytesIO(out))
    assert rate == 24000 and len(wave) > 10000
    assert int.from_bytes(out[4:8], "little") == len(out) - 8
    assert b"PyTorch float32" in err
