"""Results on disk: what is found again, what is not, and what a damaged file costs."""

import warnings

import pytest

from lightning_v2.search.sweep.store import DamagedWarning, Results


def write(results, key, rows=({"value": 1.0},), error=None, measurement="m"):
    results.write(key, measurement, {"text": f"of {key}"}, list(rows), error, 0.5, "0.1.0")


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path)


def files(folder, of):
    return sorted(path.name for path in (folder / of).iterdir())


def test_before_and_after_compaction(results, tmp_path):
    write(results, "a")
    write(results, "b", [{"value": 2, "word": "x"}, {"value": None, "word": "y"}])
    write(results, "c", [])
    write(results, "d", [], error="broken")
    for _ in range(2):
        assert results.finished("abcdef") == set("abc")
        table = results.load("bdca")
        assert table["key"].tolist() == ["b", "b", "d", "c", "a"]
        assert table["row"].tolist() == [0, 1, -1, -1, 0]
        assert table["value"].fillna(-1).tolist() == [2, -1, -1, -1, 1]
        assert table["error"].dropna().tolist() == ["broken"]
        assert table["parameters"][4] == '{"text": "of a"}'
        results.compact()
    assert files(tmp_path, "units") == []
    assert len(files(tmp_path, "parts")) == 1


def test_nothing_there(results):
    assert results.finished([]) == set()
    assert results.load(["a"]).empty
    results.compact()


def test_a_result_wins_over_a_failure(results):
    for rows, error in (([], "first"), ([{"value": 3}], None), ([], "late")):
        write(results, "a", rows, error)
        results.compact()
        assert len(results.load("a")) == 1
        assert results.finished("a") == (set() if error == "first" else {"a"})
    assert results.load("a")["value"].tolist() == [3]


def test_parts_do_not_pile_up(results, tmp_path):
    for number in range(30):
        write(results, f"k{number}")
        results.compact()
    assert len(files(tmp_path, "parts")) <= 9
    assert len(results.finished(f"k{n}" for n in range(30))) == 30


def test_measurements_do_not_mix(results, tmp_path):
    write(results, "a", [{"value": 1.0}])
    write(results, "b", [{"value": "word"}], measurement="n")
    results.compact()
    assert [name.partition("-")[0] for name in files(tmp_path, "parts")] == ["m", "n"]
    assert results.load("ab")["value"].tolist() == [1.0, "word"]


def test_numbers_and_words_of_one_measurement(results, tmp_path):
    write(results, "a", [{"value": 1.0}])
    write(results, "b", [{"value": "word"}])
    results.compact()
    assert len(files(tmp_path, "units")) == 2  # not to be put into one column
    assert results.load("ab")["value"].tolist() == [1.0, "word"]


@pytest.mark.parametrize("damage", ["flipped", "short", "empty", "foreign"])
@pytest.mark.parametrize("place", ["parts", "units"])
def test_a_damaged_file_costs_its_units_only(results, tmp_path, place, damage):
    write(results, "a", [{"value": float(n)} for n in range(500)])
    if place == "parts":
        results.compact()
    (path,) = (tmp_path / place).iterdir()
    write(results, "b")
    if place == "parts":
        results.compact()
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 3] ^= 0x10
    path.write_bytes(
        {"flipped": content, "short": content[:-20], "empty": b"", "foreign": b"PAR1"}[damage]
    )
    with pytest.warns(DamagedWarning, match=f"{path.name} is damaged"):
        assert results.load("ab")["key"].tolist() == ["b"]
    assert path.with_name(f"{path.name}.damaged").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert results.finished("ab") == {"b"}
        results.compact()


def test_another_table_is_no_result(results, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"key": ["a"], "error": [None]}), tmp_path / "parts" / "x.parquet")
    with pytest.warns(DamagedWarning, match="its columns are not those of results"):
        assert results.load("a").empty
