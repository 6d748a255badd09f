"""What this machine can do for a deployment, and the next step for what is missing.

No check loads ttnn in this process, touches a card, or waits for long.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from lightning_v2.deployment.device import target

READY, MISSING, DOUBTFUL, NOT_NEEDED = "ready", "missing", "doubtful", "not needed"

SYS = Path("/sys")
MOCK_TIMEOUT_S = 120
VERSION_TIMEOUT_S = 20

_IN_MOCK = """
import os, sys
from lightning_v2.deployment.device.target import open_device
with open_device("mock") as device:
    import torch, ttnn
    x = ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, device=device.handle)
    assert ttnn.to_torch(ttnn.silu(x)).shape == (32, 32)
    print(device.board, device.arch, sep=", ", flush=True)
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: of what was looked at.
        state: READY, MISSING, DOUBTFUL or NOT_NEEDED.
        words: what is there, or what is not.
        next_step: what to do, empty if nothing.
    """

    name: str
    state: str
    words: str
    next_step: str = ""


def examine() -> list[Finding]:
    """All findings, in the order of CHECKS. A check that fails is a finding, too."""
    with warnings.catch_warnings(action="ignore"):
        return [_examined(name, check) for name, check in CHECKS.items()]


def deployable(findings: list[Finding]) -> list[str]:
    """Those of `target.TARGETS` to which the voice can be deployed."""
    ready = {finding.name for finding in findings if finding.state == READY}
    return [name for name in target.TARGETS if name in ready]


def report(findings: list[Finding], width: int) -> str:
    """The findings as lines of at most `width` characters, if no single word is longer."""
    states = max(len(finding.state) for finding in findings) + 2
    names = max(len(finding.name) for finding in findings) + 2
    lines = []
    for finding in findings:
        head = f"{finding.state:{states}}{finding.name:{names}}"
        lines += _wrapped(head, finding.words, width)
        if finding.next_step:
            lines += _wrapped(" " * (states + names), f"Next: {finding.next_step}", width)
    possible = deployable(findings)
    last = f"to {', '.join(possible)}" if possible else "to nothing yet: see the lines marked Next"
    return "\n".join([*lines, "", f"The voice can be deployed {last}."])


def run(as_json: bool) -> int:
    """Print the report. 0: the voice can be deployed at least to a mock device, 1: it cannot."""
    findings = examine()
    possible = deployable(findings)
    if as_json:
        shown = {"deployable": possible, "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(shown, indent=2))
    else:
        print(report(findings, min(shutil.get_terminal_size().columns, 100)))
    return 0 if possible else 1


def _python() -> tuple[str, ...]:
    return READY, f"{platform.python_version()}, {sys.executable}"


def _ttnn() -> tuple[str, ...]:
    found = target.ttnn_version()
    wanted = f"pip install ttnn=={target.TTNN}"
    if found is None:
        return MISSING, "ttnn is not installed", wanted
    if found != target.TTNN:
        return DOUBTFUL, f"{found}; lightning-v2 is tested with {target.TTNN} only", wanted
    return READY, found


def _driver() -> tuple[str, ...]:
    path = SYS / "module" / "tenstorrent" / "version"
    if path.exists():
        return READY, f"tt-kmd {path.read_text().strip()}"
    return (
        MISSING,
        "the kernel driver of Tenstorrent's cards is not loaded; only silicon needs it",
        "with a card in the machine, install tt-kmd (tenstorrent/tt-kmd on GitHub) and run: "
        "modprobe tenstorrent",
    )


def _cards() -> tuple[str, ...]:
    kinds = sorted(SYS.glob("class/tenstorrent/tenstorrent!*/tt_card_type"))
    if kinds:
        return READY, ", ".join(path.read_text().strip() for path in kinds)
    nodes = sorted(target.DRIVER.glob("[0-9]*"))
    if nodes:
        return READY, ", ".join(map(str, nodes))
    on_the_bus = _on_the_bus()
    if on_the_bus:
        places = ", ".join(on_the_bus)
        return DOUBTFUL, f"there is a card at {places}, which no driver shows", "load the driver"
    return MISSING, "there is no Tenstorrent card in this machine; only silicon needs one"


def _huge_pages() -> tuple[str, ...]:
    folder = SYS / "kernel" / "mm" / "hugepages" / "hugepages-1048576kB"
    total, free = (_number(folder / f"{name}_hugepages") for name in ("nr", "free"))
    if total:
        return READY, f"{total} of 1 GiB, {free} free"
    if not _on_the_bus():
        return NOT_NEEDED, "none of 1 GiB; only a card needs them"
    return (
        MISSING,
        "there are no huge pages of 1 GiB, which a card needs unless the machine has an IOMMU",
        "install tenstorrent/tt-system-tools (on GitHub) and run its hugepages-setup",
    )


def _compiler() -> tuple[str, ...]:
    found = target.compiler() if target.ttnn_version() else None
    if found is None:
        return (
            MISSING,
            "there is no RISC-V compiler; silicon and the simulator need one",
            "for these, install the release of tenstorrent/sfpi (on GitHub) that "
            "ttnn/tt_metal/sfpi-version names",
        )
    done = subprocess.run(
        [found, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S
    )
    if done.returncode:
        return DOUBTFUL, f"{found} does not run: {done.stderr.strip()}", "install it again"
    return READY, f"{done.stdout.splitlines()[0]}, {found}"


def _silicon() -> tuple[str, ...]:
    error = target.obstacle("silicon")
    return (
        (MISSING, error.reason, error.next_step)
        if error
        else (READY, "all is there to open a card")
    )


def _simulator() -> tuple[str, ...]:
    error = target.obstacle("simulator")
    if error:
        return MISSING, error.reason, error.next_step
    arch = target.simulated_arch()
    words = f"ttsim of {arch or 'an unknown chip'}, {os.environ['TT_METAL_SIMULATOR']}"
    others = [other for other in dict.fromkeys(target.BOARDS.values()) if other != arch]
    return READY, words, "; ".join(f"for {x}, {target.get_simulator(x)}" for x in others)


def _mock() -> tuple[str, ...]:
    error = target.obstacle("mock")
    if error:
        return MISSING, error.reason, error.next_step
    status, output = _output([sys.executable, "-c", _IN_MOCK], MOCK_TIMEOUT_S)
    last = (output.strip().splitlines() or ["it printed nothing"])[-1]
    if status == 0:
        return READY, f"one was opened ({last}); nothing is computed there"
    how = f"took longer than {MOCK_TIMEOUT_S} s" if status is None else f"ended with {status}"
    return (
        MISSING,
        f"the process that opened one {how}: {last}",
        f"see whether ttnn works at all: {sys.executable} -c 'import ttnn'",
    )


def _exact_tier() -> tuple[str, ...]:
    from lightning_v2.tensix.kernels.compile import is_cold

    if is_cold():
        return READY, "not compiled yet: the first run takes about half a minute longer"
    return READY, "compiled"


CHECKS: dict[str, Callable[[], tuple[str, ...]]] = {
    "Python": _python,
    "ttnn": _ttnn,
    "driver": _driver,
    "cards": _cards,
    "huge pages": _huge_pages,
    "compiler": _compiler,
    "silicon": _silicon,
    "simulator": _simulator,
    "mock": _mock,
    "exact tier": _exact_tier,
}
"""Name -> check, which returns the rest of its `Finding`."""


def _examined(name: str, check: Callable[[], tuple[str, ...]]) -> Finding:
    try:
        return Finding(name, *check())
    except Exception as error:
        words = f"the check failed, {type(error).__name__}: {error}"
        return Finding(name, DOUBTFUL, words, "report this to the authors of lightning-v2")


def _on_the_bus() -> list[str]:
    """Tenstorrent's PCI devices, which are there even without a driver."""
    vendors = sorted(SYS.glob("bus/pci/devices/*/vendor"))
    return [path.parent.name for path in vendors if path.read_text().strip() == "0x1e52"]


def _number(path: Path) -> int:
    return int(path.read_text()) if path.exists() else 0


def _output(command: list[str], timeout_s: float) -> tuple[int | None, str]:
    """Status, None after the timeout, and all that a command printed."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]


def _wrapped(head: str, words: str, width: int) -> list[str]:
    indent = " " * len(head)
    return textwrap.wrap(
        words,
        max(width, len(head) + 30),
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
