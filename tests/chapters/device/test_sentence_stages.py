"""Which stages and buckets a sentence runs, from reports made by hand."""

from dataclasses import replace

import pytest

from lightning_v2.chapters.device.sentence_stages import SentenceStages
from lightning_v2.deployment.observed.report import Report
from tests.chapters.device.rehearsals import made_rehearsal, stage


def with_stages(*stages):
    return replace(made_rehearsal(), report=Report([stage(*x) for x in stages]))


@pytest.fixture
def ours():
    return with_stages(
        ("encode", "phones 32", 20),
        ("prosody", "frames 128, phones 32", 10),
        ("speech", "frames 128, phones 32", 90),
        ("encode", "phones 64", 20),
        ("prosody", "frames 256, phones 64", 10),
        ("speech", "frames 256, phones 64", 80),
    )


@pytest.fixture
def of_a_graph():
    return with_stages(
        ("part 1", "rows 32", 30),
        ("part 2", "rows 128", 200),
        ("wave", "rows 128", 4),
        ("part 2", "rows 256", 220),
        ("wave", "rows 256", 4),
    )


def test_each_stage_runs_in_the_bucket_of_the_sentence(ours):
    found = SentenceStages.of(ours, 256)
    assert [(x.stage, x.bucket) for x in found] == [
        ("encode", "phones 64"),
        ("prosody", "frames 256, phones 64"),
        ("speech", "frames 256, phones 64"),
    ]
    assert found.stage("encode").bucket == "phones 64"


def test_the_stage_that_reads_most_is_drawn(ours):
    found = SentenceStages.of(ours, 256)
    stages = tuple(replace(x, dram_read_bytes=2**21) if x.stage == "prosody" else x for x in found)
    assert replace(found, stages=stages).stage().stage == "prosody"


def test_a_stage_with_fewer_buckets_runs_in_its_largest(of_a_graph):
    found = SentenceStages.of(of_a_graph, 256)
    assert [x.bucket for x in found] == ["rows 32", "rows 256", "rows 256"]


def test_unknown_buckets_and_stages(ours):
    with pytest.raises(ValueError, match="no bucket of 64 frames; there are 128, 256"):
        SentenceStages.of(ours, 64)
    with pytest.raises(ValueError, match="no stage 'sing'; there are encode, prosody, speech"):
        SentenceStages.of(ours, 128).stage("sing")
