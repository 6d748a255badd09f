"""One sentence of a voice of another architecture, which is small and can be heard."""

import pytest

from lightning_v2.precision import Plan
from tests import second_voice

TEXT = "seven silver ships sail past the wall"
LOW = Plan.parse(
    "{name: low, default: {weights: bfloat4_b, activations: bfloat8_b, math_fidelity: LoFi}}"
)


@pytest.fixture(scope="session")
def second(tmp_path_factory):
    """The voice."""
    return second_voice.load(second_voice.install(tmp_path_factory.mktemp("site-packages")))
