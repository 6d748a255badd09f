import pytest

from tests.widgets.explorer.opened import WAIT_S, Found, opened
from widgets.explorer import explorer_cost


@pytest.fixture
def known_costs(monkeypatch):
    """ttnn is not asked: latency in ms is how many characters the name of a plan has."""
    monkeypatch.setattr(explorer_cost, "Cost", Found)


@pytest.fixture(scope="module")
def shared():
    explorer = opened()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared, known_costs):
    """At its beginning, whatever was tried before."""
    shared.session.back_to(1)
    shared.session.wait(WAIT_S)
    return shared
