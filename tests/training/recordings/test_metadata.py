import pytest

from lightning_v2.errors import ArgumentError
from lightning_v2.training.recordings.metadata import RecordingsError, read_metadata

TEXT = "The boy was there when the sun rose."


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "one.wav").touch()
    (tmp_path / "metadata.csv").write_text(f"one|{TEXT}|{TEXT}\n")
    return tmp_path


def test_reads_the_layout(folder):
    (recording,) = read_metadata(folder)
    assert (recording.key, recording.text) == ("one", TEXT)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("", "is empty"),
        ("one\n", r"metadata.csv:1: expected 'key\|text'"),
        (f"one|{TEXT}\none|{TEXT}\n", "metadata.csv:2: one was there before"),
        (f"one|{TEXT}\ntwo|{TEXT}\n", "metadata.csv:2: .*two.wav is missing"),
        (f"one|{TEXT}|{TEXT}|{TEXT}\n", "metadata.csv:1: expected 'key"),
        (f"one|{TEXT}|\n", "metadata.csv:1: expected 'key"),
        (f"one|{TEXT}\n../wavs/one|{TEXT}\n", "metadata.csv:2: the key '../wavs/one' cannot be"),
        (f"one|caf\udce9 {TEXT}\n", r"metadata.csv:1: is not UTF-8 \(byte 0xe9"),
    ],
)
def test_bad_metadata_names_the_line(folder, table, reason):
    (folder / "metadata.csv").write_text(table, errors="surrogateescape")
    with pytest.raises(ArgumentError, match=reason):
        read_metadata(folder)


def test_marks_and_separators_are_no_lines(folder):
    table = f"\ufeffone|First\u2028second\x1c.|{TEXT}\r\n\r\n"
    (folder / "metadata.csv").write_text(table, newline="")
    (recording,) = read_metadata(folder)
    assert (recording.key, recording.text) == ("one", TEXT)


def test_no_metadata(tmp_path):
    with pytest.raises(RecordingsError, match="not a corpus in LJ Speech layout"):
        read_metadata(tmp_path)
