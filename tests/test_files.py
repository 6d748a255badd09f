import os
import subprocess
import sys
import threading

import pytest

from lightning_v2.errors import ArgumentError
from lightning_v2.files import check_output, read_lines, user_cache, write_output, written_whole

WAV = ((".wav",), "a WAV file")


def test_takes_its_place_when_done(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with written_whole(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half way"), written_whole(path) as part:
        part.write_text("ne")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o777])
def test_a_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    write_output(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == mode
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        write_output(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_file_keeps_its_extended_attributes(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    try:
        os.setxattr(path, "user.rating", b"5")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    before = path.stat()
    write_output(path, "new")
    assert os.getxattr(path, "user.rating") == b"5"
    assert path.read_text() == "new"
    assert path.stat().st_ino != before.st_ino and path.stat().st_mtime_ns > before.st_mtime_ns


@pytest.mark.parametrize("name", ["n" * 251 + ".wav", "é" * 125 + ".wav"])
def test_a_name_may_be_as_long_as_the_system_takes_it(tmp_path, name):
    path = tmp_path / name
    for content in (b"old", b"new"):
        check_output(path, *WAV)
        write_output(path, content)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one(tmp_path, there):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target, link, chain = folder / "a.txt", tmp_path / "link.txt", tmp_path / "chain.txt"
    if there:
        target.write_text("old")
    link.symlink_to("elsewhere/a.txt")
    chain.symlink_to(link)
    check_output(chain, (".txt",), "a text")
    write_output(chain, "new")
    assert target.read_text() == "new"
    assert chain.readlink() == link and link.is_symlink()
    assert list(folder.iterdir()) == [target]


def test_all_names_of_a_file_show_what_was_written(tmp_path):
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("a longer text than the new one")
    other.hardlink_to(path)
    write_output(path, "new")
    assert other.read_text() == "new"
    assert path.samefile(other)


def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe.mp3"  # the name of what is no plain file says nothing
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    check_output(pipe, *WAV)
    write_output(pipe, b"content")
    reader.join(10)
    assert read == [b"content"]
    assert pipe.is_fifo()


def test_a_device_stays_one():
    write_output("/dev/null", "content")
    assert os.stat("/dev/null").st_rdev == os.makedev(1, 3)


def test_a_descriptor_is_written_through(tmp_path):
    reading, writing = os.pipe()
    write_output(f"/dev/fd/{writing}", "content")
    os.close(writing)
    with open(reading) as file:
        assert file.read() == "content"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/proc/self/fd/1"])
def test_standard_output_goes_on_where_it_was(tmp_path, name):
    script = (
        "from lightning_v2.files import write_output\n"
        f"print('before'); write_output({name!r}, 'content\\n'); print('after')"
    )
    path = tmp_path / "log.txt"
    path.write_text("first\n")
    with path.open("a") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True)
    assert path.read_text() == "first\nbefore\ncontent\nafter\n"


def test_a_file_may_be_called_dash(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_output("./-", "content")
    assert (tmp_path / "-").read_text() == "content"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("name", ["a", "a.wav", "a.WAV", "new.v2.wav", "/dev/null", "-"])
def test_places_that_can_be_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    check_output(name, *WAV)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.mp3", ArgumentError, r"a\.mp3: a WAV file cannot end in \.mp3; name it a\.wav"),
        ("a.wav.gz", ArgumentError, r"cannot end in \.gz"),
        ("missing/a.wav", FileNotFoundError, "missing is not a folder"),
        ("dangling.wav", FileNotFoundError, "nowhere is not a folder"),
        (".", ArgumentError, "is a folder"),
        ("loop.wav", ArgumentError, r"loop\.wav cannot be written: .* a link that leads to itself"),
        ("n" * 252 + ".wav", ArgumentError, "cannot be written: its name is too long"),
        ("plain/a.wav", FileNotFoundError, "plain is not a folder"),
        ("/dev/fd/987", OSError, "Bad file descriptor"),
    ],
)
def test_places_that_cannot_be_written(tmp_path, monkeypatch, name, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dangling.wav").symlink_to("nowhere/a.wav")
    (tmp_path / "loop.wav").symlink_to("back.wav")
    (tmp_path / "back.wav").symlink_to("loop.wav")
    (tmp_path / "plain").touch()
    with pytest.raises(error, match=message):
        check_output(name, *WAV)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_lines(tmp_path, end, mark, last):
    lines = ["a\u2028b", "\x1c \x85 \x0b \x0c é", "", "last"]
    path = tmp_path / "a.txt"
    path.write_bytes((mark + end.join(lines) + (end if last else "")).encode())
    assert read_lines(path) == lines


def test_no_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    assert read_lines(path) == []


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", r"a\.txt:1: is UTF-16"),
        ("utf-16-le", r"a\.txt:1: is UTF-16"),
        ("latin-1", r"a\.txt:2: is not UTF-8 \(byte 0xe9"),
    ],
)
def test_other_encodings_are_named_with_file_and_line(tmp_path, encoding, message):
    path = tmp_path / "a.txt"
    path.write_text("plain\ncafé\n", encoding=encoding)
    with pytest.raises(ArgumentError, match=message):
        read_lines(path)


def test_the_cache_is_where_the_user_keeps_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert user_cache() == tmp_path / "caches" / "lightning-v2"
    for unusable in ("", "relative/to/nothing"):
        monkeypatch.setenv("XDG_CACHE_HOME", unusable)
        assert user_cache() == tmp_path / ".cache" / "lightning-v2"
