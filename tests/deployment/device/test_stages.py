"""When a part of the voice runs directly, is recorded, or is replayed. Traces need silicon: here
ttnn is a journal of what it was told."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from lightning_v2.deployment.device.stages import DeviceStages
from lightning_v2.deployment.lowering.stage import Upload
from tests.deployment.device_process import run_on_mock

HANDLE = "handle"
COMPUTE, INPUT = 0, 1


class Tensor:
    """A tensor of the device: what lies in it is set by hand."""

    def __init__(self, name, shape=(1, 32)):
        self.name, self.shape = name, shape

    def __repr__(self):
        return self.name


class Journal(list):
    """Calls in their order, of ttnn and of the operations."""

    def __init__(self):
        super().__init__()
        self.events = self.traces = 0

    def ttnn(self):
        module = ModuleType("ttnn")
        module.begin_trace_capture = self.begin
        module.end_trace_capture = lambda handle, number, cq_id: self.note("end", number, cq_id)
        module.release_trace = lambda handle, number: self.note("release", number)
        module.record_event = self.event
        module.wait_for_event = lambda queue, event: self.note("wait", queue, event)
        module.copy_host_to_device_tensor = self.copy
        module.execute_trace = self.execute
        return module

    def note(self, *call):
        self.append(call)

    def begin(self, handle, cq_id):
        assert handle == HANDLE
        self.note("begin", cq_id)
        self.traces += 1
        return f"trace {self.traces}"

    def event(self, handle, queue):
        self.events += 1
        self.note("event", queue, self.events)
        return self.events

    def copy(self, packed, target, cq_id):
        self.note("copy", packed, target.name, cq_id)

    def execute(self, handle, number, cq_id, blocking):
        self.note("execute", number, cq_id, blocking)

    def names(self):
        return [call[0] for call in self]

    def taken(self):
        """What is in it; it is empty afterwards."""
        calls = list(self)
        self.clear()
        return calls


class Operations:
    """What stages ask of `TtnnOps`."""

    def __init__(self, journal, can_trace):
        self.journal = journal
        self.device = SimpleNamespace(can_trace=can_trace, handle=HANDLE)

    def from_torch(self, values, dtype):
        self.journal.note("upload", dtype)
        return Tensor(f"sent {dtype}")

    def pack(self, values, dtype):
        return f"packed {values.sum():g} {dtype}"

    def settle(self, x):
        self.journal.note("settle", x.name)
        return x

    def to_torch(self, x):
        self.journal.note("fetch", x.name)
        return torch.zeros(x.shape)


@pytest.fixture
def journal(monkeypatch):
    journal = Journal()
    monkeypatch.setitem(sys.modules, "ttnn", journal.ttnn())
    return journal


@pytest.fixture
def stages(journal):
    return DeviceStages(Operations(journal, can_trace=True), reported=False)


def encode(stages, name="encode", phones=32, value=1.0):
    """A part that needs nothing of others and keeps a result."""
    journal = stages._ops.journal

    def compute(phones):
        journal.note("compute", name)
        return (Tensor("hidden"),), ()

    (hidden,), _ = stages(
        name, compute, {"phones": Upload(torch.full((1, phones), value), "u")}, {}
    )
    return hidden


def speak(stages, hidden, frames=128, value=1.0):
    """A part that reads the result of the other one; the host fetches its own."""
    journal = stages._ops.journal

    def compute(indices, hidden):
        journal.note("compute", "speech")
        return (), (Tensor("wave"),)

    uploads = {"indices": Upload(torch.full((1, frames), value), "u")}
    kept, (wave,) = stages("speech", compute, uploads, {"hidden": hidden})
    assert kept == () and wave.shape == (1, 32)


def test_first_direct_second_recorded_third_replayed(stages, journal):
    speech = [("upload", "u"), ("compute", "speech"), ("settle", "wave")]
    speak(stages, encode(stages))
    assert journal.taken() == [
        ("upload", "u"),
        ("compute", "encode"),
        ("settle", "hidden"),
        *speech,
        ("fetch", "wave"),
    ]
    hidden = encode(stages, value=2)
    assert journal.taken() == [
        ("upload", "u"),
        ("begin", COMPUTE),
        ("compute", "encode"),
        ("settle", "hidden"),
        ("end", "trace 1", COMPUTE),
        ("event", COMPUTE, 1),
        ("wait", INPUT, 1),
        ("copy", "packed 64 u", "sent u", INPUT),
        ("event", INPUT, 2),
        ("wait", COMPUTE, 2),
        ("execute", "trace 1", COMPUTE, False),
        ("event", COMPUTE, 3),
    ]
    speak(stages, hidden)
    assert [call[0] for call in journal.taken()] == (
        "upload begin compute settle end event wait copy event wait execute event fetch".split()
    )
    again = encode(stages, value=3)
    assert again is hidden
    # The event of the last run that read the operands.
    assert journal.taken() == [
        ("wait", INPUT, 3),
        ("copy", "packed 96 u", "sent u", INPUT),
        ("event", INPUT, 7),
        ("wait", COMPUTE, 7),
        ("execute", "trace 1", COMPUTE, False),
        ("event", COMPUTE, 8),
    ]
    speak(stages, again)
    assert [call[:2] for call in journal][-3:] == [
        ("execute", "trace 2"),
        ("event", COMPUTE),
        ("fetch", "wave"),
    ]


def test_nothing_is_sent_while_a_trace_is_recorded(stages, journal):
    for _ in range(4):
        speak(stages, encode(stages))
    recording = False
    for name, *_ in journal:
        recording = (recording or name == "begin") and name != "end"
        assert not recording or name in ("begin", "compute", "settle")
    assert journal.names().count("begin") == 2


def test_each_bucket_has_a_trace_of_its_own(stages, journal):
    for _ in range(2):
        for frames in (128, 256):
            speak(stages, encode(stages), frames)
    journal.clear()
    for frames in (128, 256):
        speak(stages, encode(stages), frames)
    replayed = [call[1] for call in journal if call[0] == "execute"]
    assert len(replayed) == 4 and replayed[0] == replayed[2] and len(set(replayed)) == 3


def test_pieces_of_the_first_sentence(stages, journal):
    """They read what was not recorded and will not lie there again."""
    hidden = encode(stages)
    speak(stages, hidden)
    speak(stages, hidden)
    assert "begin" not in journal.names()
    hidden = encode(stages)
    journal.clear()
    speak(stages, hidden)
    speak(stages, hidden)
    assert journal.names().count("begin") == 1
    assert journal.names().count("execute") == 2


def test_what_another_part_recorded_is_another_trace(stages, journal):
    """Sentences with given durations have an encoder of their own, of the same shape."""
    for _ in range(2):
        for name in ("encode", "encode untimed"):
            speak(stages, encode(stages, name))
    journal.clear()
    for name in ("encode", "encode untimed"):
        speak(stages, encode(stages, name))
    assert "compute" not in journal.names()
    assert len({call[1] for call in journal if call[0] == "execute"}) == 4


def test_a_device_that_cannot_trace(journal):
    stages = DeviceStages(Operations(journal, can_trace=False), reported=False)
    for _ in range(3):
        speak(stages, encode(stages))
    assert set(journal.names()) == {"upload", "compute", "settle", "fetch"}


def test_a_recording_ends_when_a_part_fails(stages, journal):
    def failing(phones):
        if "begin" in journal.names():
            raise RuntimeError("of the part")
        return (), ()

    uploads = {"phones": Upload(torch.ones(1, 32), "u")}
    stages("encode", failing, uploads, {})
    with pytest.raises(RuntimeError, match="of the part"):
        stages("encode", failing, uploads, {})
    assert journal[-2:] == [("end", "trace 1", COMPUTE), ("release", "trace 1")]
    journal.clear()
    stages.release()
    assert journal == []


def test_release(stages, journal):
    for _ in range(2):
        speak(stages, encode(stages))
    journal.clear()
    stages.release()
    assert journal.taken() == [("release", "trace 1"), ("release", "trace 2")]
    stages.release()
    assert journal == []
    speak(stages, encode(stages))
    # All programs are compiled: recorded again.
    assert journal.names().count("begin") == 2


def reports(device):
    from lightning_v2.deployment.device.ttnn_ops import TtnnOps

    ops = TtnnOps(device)
    stages = DeviceStages(ops)
    runs = []

    def compute(phones):
        runs.append(tuple(phones.shape))
        y = ops.gelu(phones)
        return (y,), (ops.add(y, y),)

    told = []
    for rows in (64, 64, 96):
        uploads = {"phones": Upload(torch.ones(1, rows, 32), "bfloat16")}
        (kept,), (fetched,) = stages(f"encode, phones {rows}", compute, uploads, {})
        told.append([kept.memory_config().buffer_type.name, list(fetched.shape), len(runs)])
    figures = [
        [x.stage, x.bucket, x.programs, x.uploads, x.downloads, x.dram_written_bytes]
        for x in stages.reports.values()
    ]
    return told, figures, [len(graph.steps) > 0 for graph in stages.graphs.values()]


def test_each_bucket_is_planned_once_for_its_report():
    told, figures, graphs = run_on_mock("n150", reports)
    # Once directly and once for the report.
    assert told == [["DRAM", [1, 64, 32], 2], ["DRAM", [1, 64, 32], 3], ["DRAM", [1, 96, 32], 5]]
    # A function, a sum, and two results on their way to DRAM.
    assert figures == [
        ["encode", "phones 64", 4, 1, 1, 2 * 2 * 2048],
        ["encode", "phones 96", 4, 1, 1, 2 * 3 * 2048],
    ]
    assert graphs == [True, True]
