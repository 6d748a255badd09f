"""Without a simulator nothing here can be tried: that is an error, which says what is missing."""

import pytest

from lightning_v2.deployment.device.target import BOARDS, get_simulator, obstacle, simulated_arch


def pytest_addoption(parser):
    parser.addoption(
        "--arch",
        choices=sorted(set(BOARDS.values())),
        default="wormhole_b0",
        help="of the simulator",
    )


def pytest_sessionstart(session):
    wanted, missing = session.config.getoption("--arch"), obstacle("simulator")
    if missing is not None:
        pytest.exit(f"no simulator: {missing}", returncode=2)
    if simulated_arch() != wanted:
        found = f"the simulator is of {simulated_arch() or 'an unknown chip'}, not of {wanted}"
        pytest.exit(f"{found}; {get_simulator(wanted)}", returncode=2)


@pytest.fixture(scope="session")
def arch(pytestconfig):
    """Of the chip that is simulated."""
    return pytestconfig.getoption("--arch")
