from argparse import ArgumentParser

import pytest

from lightning_v2.cli.main import main
from lightning_v2.cli.train import add_arguments
from lightning_v2.training.distillation import pipeline as taught
from lightning_v2.training.recordings import pipeline as tuned


def test_the_steps_that_help_tells_are_those_that_are_run():
    parser = ArgumentParser()
    add_arguments(parser)
    told = {x.dest.removesuffix("_steps"): x.help for x in parser._actions if "_steps" in x.dest}
    assert told.keys() == taught.STEPS.keys() >= tuned.STEPS.keys()
    for stage, words in told.items():
        own = f"on recordings {tuned.STEPS[stage]}" if stage in tuned.STEPS else "only with a"
        assert f"(default: {taught.STEPS[stage]}, {own}" in words


@pytest.mark.parametrize(("options", "teacher"), [([], "hibari"), (["--teacher", "lark"], "lark")])
def test_hibari_teaches_unless_somebody_else_does(options, teacher, monkeypatch):
    asked = []
    monkeypatch.setattr(taught, "distill", asked.append)
    assert main(["train", "run", *options]) == 0
    assert (asked[0].teacher, asked[0].whole) == (teacher, 600)


def test_recordings_start_from_lark(monkeypatch):
    asked = []
    monkeypatch.setattr(tuned, "tune", asked.append)
    assert main(["train", "run", "--recordings", "lj"]) == 0
    assert (asked[0].start, asked[0].teacher) == ("lark", None)
