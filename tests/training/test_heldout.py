import soundfile

from lightning_v2.training.heldout import main


def test_a_voice_says_held_out_sentences(tmp_path, capsys):
    assert main([str(tmp_path / "new"), "--sentences", "2"]) == 0
    assert f"2 recordings in {tmp_path / 'new'}" in capsys.readouterr().out
    paths = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in paths] == ["LJ016-0222.wav", "LJ026-0143.wav"]
    for path in paths:
        assert (soundfile.info(path).samplerate, soundfile.info(path).channels) == (24000, 1)
        assert soundfile.info(path).duration > 3


def test_who_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path), "--voice", "nobody"]) == 2
    assert "error: no voice 'nobody'" in capsys.readouterr().err
