import json
import os

import pytest

from lightning_v2.cli.main import main
from lightning_v2.deployment import doctor
from lightning_v2.deployment.device import target
from lightning_v2.deployment.doctor import DOUBTFUL, MISSING, NOT_NEEDED, READY, Finding


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder in the place of /, with ttnn and nothing else."""
    for name in ("TT_METAL_SIMULATOR", "TT_METAL_RUNTIME_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "SYS", tmp_path / "sys")
    monkeypatch.setattr(target, "DRIVER", tmp_path / "dev")
    monkeypatch.setattr(target, "SYSTEM_COMPILER", tmp_path / "sfpi")
    return tmp_path


@pytest.fixture
def in_mock(monkeypatch):
    """in_mock(source, timeout_s): what runs in the place of what opens a mock device."""

    def replace(source, timeout_s=60):
        monkeypatch.setattr(doctor, "_IN_MOCK", source)
        monkeypatch.setattr(doctor, "MOCK_TIMEOUT_S", timeout_s)

    return replace


def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def found(name):
    return next(finding for finding in doctor.examine() if finding.name == name)


def test_this_machine_opens_a_mock_device(capsys):
    assert main(["doctor", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert "mock" in shown["deployable"]
    mock = next(finding for finding in shown["findings"] if finding["name"] == "mock")
    assert mock["words"].startswith("one was opened (n150, wormhole_b0)")


def test_a_machine_with_nothing(machine, monkeypatch, capsys):
    monkeypatch.setattr(target, "find_spec", lambda name: None)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("pip install ttnn==0.81.1") >= 4
    assert shown.endswith("The voice can be deployed to nothing yet: see the lines marked Next.\n")


def test_without_a_card(machine, in_mock):
    in_mock("print('n150, wormhole_b0')")
    findings = {finding.name: finding for finding in doctor.examine()}
    states = {name: finding.state for name, finding in findings.items()}
    assert states == {
        "Python": READY,
        "ttnn": READY,
        "driver": MISSING,
        "cards": MISSING,
        "huge pages": NOT_NEEDED,
        "compiler": MISSING,
        "silicon": MISSING,
        "simulator": MISSING,
        "mock": READY,
        "exact tier": READY,
    }
    assert all(findings[name].next_step for name in ("driver", "compiler", "silicon", "simulator"))


def test_with_a_card(machine, in_mock):
    in_mock("raise SystemExit(1)")
    put(machine / "sys/module/tenstorrent/version", "2.6.0\n")
    put(machine / "sys/class/tenstorrent/tenstorrent!0/tt_card_type", "p150a\n")
    put(machine / "sys/bus/pci/devices/0000:01:00.0/vendor", "0x1e52\n")
    put(machine / "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "4\n")
    put(machine / "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "3\n")
    put(machine / "dev/0")
    compiler = machine / "sfpi/compiler/bin/riscv-tt-elf-g++"
    put(compiler, "#!/bin/sh\necho 'riscv-tt-elf-g++ 15.1.0'\n")
    compiler.chmod(0o755)
    findings = doctor.examine()
    words = {finding.name: finding.words for finding in findings if finding.state == READY}
    assert words["driver"] == "tt-kmd 2.6.0"
    assert words["cards"] == "p150a"
    assert words["huge pages"] == "4 of 1 GiB, 3 free"
    assert words["compiler"] == f"riscv-tt-elf-g++ 15.1.0, {compiler}"
    assert doctor.deployable(findings) == ["silicon"]


def test_a_card_without_a_driver(machine, in_mock):
    in_mock("raise SystemExit(1)")
    put(machine / "sys/bus/pci/devices/0000:01:00.0/vendor", "0x1e52\n")
    put(machine / "sys/bus/pci/devices/0000:02:00.0/vendor", "0x8086\n")
    cards = found("cards")
    assert (cards.state, "at 0000:01:00.0, which" in cards.words) == (DOUBTFUL, True)
    assert found("huge pages").state == MISSING


def test_a_simulator(machine, in_mock, monkeypatch):
    in_mock("raise SystemExit(1)")
    for name in ("libttsim.so", "soc_descriptor.yaml", "sfpi/compiler/bin/riscv-tt-elf-g++"):
        put(machine / name)
    put(machine / "soc_descriptor.yaml", "arch_name: BLACKHOLE\n")
    monkeypatch.setenv("TT_METAL_SIMULATOR", str(machine / "libttsim.so"))
    findings = doctor.examine()
    assert doctor.deployable(findings) == ["simulator"]
    simulator = next(finding for finding in findings if finding.name == "simulator")
    assert simulator.words == f"ttsim of blackhole, {machine / 'libttsim.so'}"
    assert "for wormhole_b0, " in simulator.next_step
    assert "for blackhole, " not in simulator.next_step
    compiler = next(finding for finding in findings if finding.name == "compiler")
    assert compiler.state == DOUBTFUL
    assert "PermissionError" in compiler.words


def test_another_version_of_ttnn(machine, in_mock, monkeypatch, recwarn):
    in_mock("print('n150, wormhole_b0')")
    monkeypatch.setattr(target, "version", lambda name: "0.80.0")
    assert found("ttnn").state == DOUBTFUL
    assert found("mock").state == READY
    assert not recwarn


def test_a_mock_device_that_hangs(machine, in_mock):
    in_mock("import time; print('opening', flush=True); time.sleep(600)", timeout_s=5)
    mock = found("mock")
    assert mock.state == MISSING
    assert mock.words == "the process that opened one took longer than 5 s: opening"


def test_a_mock_device_that_crashes(machine, in_mock):
    in_mock("import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()")
    assert found("mock").words == ("the process that opened one ended with -6: it printed nothing")


def test_a_check_that_fails_is_a_finding(monkeypatch):
    def broken():
        raise OSError("no such thing")

    monkeypatch.setattr(doctor, "CHECKS", {"thing": broken})
    (finding,) = doctor.examine()
    assert (finding.state, finding.words) == (DOUBTFUL, "the check failed, OSError: no such thing")


def test_the_report_is_aligned_and_fits():
    words = "there is nothing of the kind in this machine, wherever one looks for it"
    findings = [Finding("a", READY, "b"), Finding("a long name", MISSING, words, "buy one")]
    lines = doctor.report(findings, 60).splitlines()
    assert lines == [
        "ready    a            b",
        "missing  a long name  there is nothing of the kind in this",
        "                      machine, wherever one looks for it",
        "                      Next: buy one",
        "",
        "The voice can be deployed to nothing yet: see the lines marked Next.",
    ]


def test_the_report_names_what_is_possible():
    findings = [Finding(name, READY, "words") for name in ("mock", "simulator", "Python")]
    last = doctor.report(findings, 80).splitlines()[-1]
    assert last == "The voice can be deployed to simulator, mock."


def test_checks_do_not_change_the_environment(machine, in_mock):
    in_mock("raise SystemExit(1)")
    before = dict(os.environ)
    doctor.examine()
    assert dict(os.environ) == before
