import io
import json
import os
import subprocess
import sys

import pytest
import soundfile

from lightning_v2 import tensix
from lightning_v2.cli.arguments import TIERS
from lightning_v2.cli.main import main


def test_tiers_are_those_of_the_arithmetic():
    assert sorted(TIERS) == sorted(tensix.TIERS)


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


@pytest.mark.parametrize("verb", [["say", "Hi.", "-o", "a.wav"], ["check", "bf16"]])
def test_a_tier_that_there_is_not(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*verb, "--tier", "slow"])
    assert stopped.value.code == 2
    assert "invalid choice: 'slow'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/proc/self/fd/1"])
def test_speech_on_standard_output_has_no_message_in_it(name, capfdbinary):
    assert main(["say", "Good morning.", "-o", name]) == 0
    out, err = capfdbinary.readouterr()
    wave, rate = soundfile.read(io.BytesIO(out))
    assert rate == 24000 and len(wave) > 10000
    assert int.from_bytes(out[4:8], "little") == len(out) - 8
    assert b"PyTorch float32" in err


def test_two_results_on_standard_output(capsys):
    assert main(["search", "--budget", "0.5", "-o", "-", "--figure", "/dev/stdout"]) == 2
    assert "only one file can be standard output" in capsys.readouterr().err


def test_what_native_code_prints_is_a_message_too(capfdbinary, tmp_path):
    report = ["deploy", "--target", "mock", "--buckets", "128", "--report", "-"]
    script = (
        "import os; from lightning_v2.cli import deploy; from lightning_v2.cli.main import main\n"
        "deploy._announce = lambda deployment: os.write(1, b'from below')\n"
        f"main({report})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["stages"]) == 3
    assert "from below" in done.stderr and "buckets compiled" in done.stderr


def test_compare(capsys):
    assert main(["compare", "Good morning.", "--plan", "lightning-v2", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    assert "pesq_wb_mos" in out
    assert "3 sites with the largest accumulated error" in out
    assert "all values of all sites are finite" in out
    assert "measured only with --judges" in out
    assert "judges=True" not in out


def test_compare_with_judges_says_why_freely_spoken_waves_are_not_compared(capsys):
    options = ["--plan", "lightning-v2", "--free-running", "--judges", "--layers", "1"]
    assert main(["compare", "Good morning.", *options]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    for name in ("words_agree_percent", "dnsmos_ovrl_reference_mos", "dnsmos_p808_change_mos"):
        assert "nan" not in lines[name]
    assert "phones last longer or shorter, so the waveforms" in lines["pesq_wb_mos"]
    assert " nan " in lines["pesq_wb_mos"]


def test_compare_tells_what_blocks_flush(capsys):
    assert main(["compare", "Good morning.", "--plan", "naive", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    assert "of the activations of " in out
    assert "sites that flush most. Flushed: operands that were not zero" in out


@pytest.mark.parametrize(
    "verb", ["say", "compare", "check", "search", "notebooks", "train", "deploy", "doctor"]
)
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert "usage: lightning-v2" in capsys.readouterr().out
