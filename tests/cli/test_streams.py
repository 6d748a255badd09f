"""Standard streams that are closed, full, or read by nobody."""

import subprocess
import sys

import pytest
import soundfile

SAY = f"{sys.executable} -m lightning_v2.cli say"


def shell(command, folder):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_speech_in_a_file_needs_no_stream(tmp_path, closed):
    done = shell(f"{SAY} Hi. -o a.wav {closed}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert soundfile.info(tmp_path / "a.wav").samplerate == 24000


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("Hi. -o - >&-", "error: -: standard output is closed\n"),
        ("Hi. -o /dev/stdout >&-", "error: /dev/stdout: standard output is closed\n"),
        ("- -o a.wav <&-", "error: standard input is closed: there is no text to read\n"),
        ("Hi. -o a.wav > /dev/full", "error: [Errno 28] No space left on device\n"),
    ],
)
def test_what_needs_a_stream_says_so(tmp_path, arguments, reason):
    done = shell(f"{SAY} {arguments}", tmp_path)
    assert (done.returncode, done.stderr) == (2, reason)


@pytest.mark.parametrize("what", ["say Hi. -o a.wav", "say Hi. -o a.wav 2>&1", "search --help"])
def test_nobody_reads(tmp_path, what):
    done = shell(f"({SAY.removesuffix('say')} {what}; echo $? > code) | true", tmp_path)
    assert not done.stderr
    assert (tmp_path / "code").read_text().strip() == ("0" if "--help" in what else "141")


def test_files_do_not_take_the_place_of_closed_streams(tmp_path):
    script = (
        "import os; from lightning_v2.cli import streams; streams.fill_closed(); "
        "file = open('a', 'w'); os.write(1, b'from below'); print('message')"
    )
    done = shell(f'{sys.executable} -c "{script}" <&- >&- 2>&-', tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "a").read_text() == ""
