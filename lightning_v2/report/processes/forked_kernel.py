"""A kernel that is forked instead of started: what its parent has loaded it need not import.

In all else it is like one that `python -m ipykernel_launcher` starts: environment, arguments, path,
a session of its own, numbers drawn at random.
"""

import json
import os
import runpy
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import psutil
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

_LAUNCHER = "ipykernel_launcher"
_NAME = "forked"


class Kernel(psutil.Process):
    """A forked kernel, with what jupyter_client asks of a process that it has started."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        try:
            return self.wait(0)
        except psutil.TimeoutExpired:
            return None


class Waiting:
    """A fork that waits to become a kernel, seen from its parent."""

    def __init__(self, pid: int, channel: socket.socket):
        self._pid, self._channel = pid, channel

    def begin(self, arguments: Sequence[str], folder: Path, environment: Mapping) -> Kernel:
        """Let it become one, with these arguments of the command, this folder and environment."""
        environment = {**environment, "JPY_PARENT_PID": str(os.getpid())}
        with self._channel as channel:
            channel.sendall(json.dumps([arguments, str(folder), environment]).encode())
        return Kernel(self._pid)


class ForkedProvisioner(LocalProvisioner):
    """Lets the fork that waits become the kernel; one of another kind is started as usual."""

    waiting: ClassVar[Waiting | None] = None

    async def launch_kernel(self, cmd: list[str], **options: object) -> dict[str, object]:
        """As the base class has it."""
        waiting, ForkedProvisioner.waiting = self.waiting, None
        if waiting is None or cmd[:3] != [sys.executable, "-m", _LAUNCHER]:
            return await super().launch_kernel(cmd, **options)
        self.cwd = Path(options.get("cwd") or Path.cwd())
        self.process = waiting.begin(cmd[3:], self.cwd, options["env"])
        self.pid = self.pgid = self.process.pid
        return self.connection_info


def hold() -> Waiting | None:
    """Fork a process that waits to become a kernel, while this one still has nothing but modules.

    Returns:
        The fork. In the fork itself None, when it has been a kernel and has to end.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return Waiting(pid, ours)
    ours.close()
    os.setsid()
    _become(theirs)
    return None


def offer(waiting: Waiting) -> None:
    """Let the next kernel that this process asks jupyter_client for be this one."""
    ForkedProvisioner.waiting = waiting
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[_NAME] = EntryPoint(
        _NAME, f"{__name__}:{ForkedProvisioner.__name__}", factory.GROUP_NAME
    )
    factory.default_provisioner_name = _NAME


def _become(channel: socket.socket) -> None:
    with channel, channel.makefile() as lines:
        told = lines.read()
    if not told:  # the parent has ended, or wants another kind of kernel
        return
    arguments, folder, environment = json.loads(told)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [_LAUNCHER, *arguments]
    sys.path[0] = folder  # where `python -m` looks first
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()
    runpy.run_module(_LAUNCHER, run_name="__main__", alter_sys=True)
