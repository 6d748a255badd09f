"""What the packages offer by name is there, and costs nothing before it is used."""

import importlib
import subprocess
import sys

import pytest

PACKAGES = ("lightning_v2", "lightning_v2.deployment", "widgets")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_promised_name_is_there(package):
    module = importlib.import_module(package)
    assert module.__all__ == sorted(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize(
    "code",
    [
        *(f"import {package}" for package in PACKAGES),
        "from lightning_v2.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])",
    ],
)
def test_loads_nothing_heavy(code):
    check = "assert not {'torch', 'numpy', 'pandas', 'scipy', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"import contextlib, sys\n{code}\n{check}"], check=True)
