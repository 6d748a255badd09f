import math

from lightning_v2.economics.money.tornado import Swing, tornado


def test_what_moves_most_comes_first():
    swings = [
        Swing("price", "1", "2", lambda: 9.0, lambda: 12.0),
        Swing("launch", "a", "b", lambda: 2.0, lambda: 11.0),
        Swing("bound", "none", "long", lambda: math.nan, lambda: 10.5),
    ]
    found = tornado(swings, 10.0)
    assert found["input"].tolist() == ["launch", "price", "bound"]
    assert found["swing"].tolist() == [8.0, 2.0, 0.5]
