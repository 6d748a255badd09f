import soundfile

from lightning_v2.training.heldout import main


def test_the_teacher_says_held_out_sentences(teacher, tmp_path, capsys):
    assert main([str(tmp_path), "--sentences", "2", "--jobs", "1"]) == 0
    assert f"2 recordings in {tmp_path}" in capsys.readouterr().out
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == ["LJ016-0222.wav", "LJ026-0143.wav"]
    for path in paths:
        assert (soundfile.info(path).samplerate, soundfile.info(path).channels) == (24000, 1)
        assert soundfile.info(path).duration > 3
