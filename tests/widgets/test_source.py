import pytest

from widgets.source import HERE, source


def test_puts_files_one_after_the_other():
    one, two = (HERE / name for name in ("player/sound.js", "player/timeline.js"))
    assert (
        source("player/sound.js", "player/timeline.js") == one.read_text() + "\n" + two.read_text()
    )


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"nothing\.js"):
        source("nothing.js")


@pytest.mark.parametrize("name", ["player/sound.js", "player/timeline.js", "player/pictures.js"])
def test_shared_files_export_and_import_nothing(name):
    lines = source(name).splitlines()
    assert not [line for line in lines if line.startswith(("export", "import"))]
