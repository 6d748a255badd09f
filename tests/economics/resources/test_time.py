from lightning_v2.economics.resources.time import PARTS, Time


def test_parts_add_up():
    time = Time(launch=1.0, engine=3.0) + Time(engine=1.0, dram=2.0) * 2
    assert (time.total, time.bound) == (10.0, "engine")
    assert [getattr(time, part) for part in PARTS] == [1.0, 0.0, 5.0, 0.0, 0.0, 4.0, 0.0]
