import threading

import pytest

from lightning_v2 import tensix
from lightning_v2.tensix import ComputeKernelConfig


def test_exact_wormhole_unless_said_otherwise():
    assert (tensix.settings().tier, tensix.settings().arch) == ("exact", "wormhole_b0")


def test_contexts_nest_and_keep_what_they_do_not_name():
    with tensix.use(tier="fast", threads=3):
        with tensix.use(arch="blackhole") as inner:
            assert (inner.tier, inner.arch, inner.threads) == ("fast", "blackhole", 3)
        assert tensix.settings().arch == "wormhole_b0"
        with pytest.raises(RuntimeError), tensix.use(tier="exact"):
            raise RuntimeError
        assert tensix.settings().tier == "fast"
    assert tensix.settings().tier == "exact"


def test_other_threads_have_their_own():
    seen = []
    with tensix.use(tier="fast"):
        thread = threading.Thread(target=lambda: seen.append(tensix.settings().tier))
        thread.start()
        thread.join()
    assert seen == ["exact"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tier": "slow"}, "tier is 'slow'; legal are 'exact', 'fast'"),
        ({"arch": "grayskull"}, "arch is 'grayskull'; legal are 'wormhole_b0', 'blackhole'"),
        ({"threads": -1}, "threads is -1; legal are positive integers and None"),
        ({"grid": (0, 8)}, r"grid is \(0, 8\); legal are pairs of positive integers and None"),
        ({"grid": 8}, "grid is 8; legal are pairs of positive integers and None"),
    ],
)
def test_unknown_settings(options, message):
    with pytest.raises(ValueError, match=message), tensix.use(**options):
        pass


def test_a_grid_is_that_of_the_chip_unless_named():
    assert tensix.settings().cores == (8, 8)
    with tensix.use(arch="blackhole"):
        assert tensix.settings().cores == (13, 10)
        with tensix.use(grid=(11, 10)) as inner:
            assert inner.cores == (11, 10)
            assert inner.decisive == {"tier": "exact", "arch": "blackhole", "grid": (11, 10)}


def test_kernel_configs_are_checked():
    with pytest.raises(ValueError, match="fp32_dest_acc_en is 'yes'; legal are True, False"):
        ComputeKernelConfig(fp32_dest_acc_en="yes")


def test_contexts_end_in_any_order():
    first, second = tensix.use(tier="fast"), tensix.use(arch="blackhole")
    first.__enter__()
    second.__enter__()
    assert tensix.settings().decisive == {"tier": "fast", "arch": "blackhole"}
    first.__exit__(None, None, None)
    assert tensix.settings().decisive == {"tier": "exact", "arch": "blackhole"}
    second.__exit__(None, None, None)
    assert tensix.settings().decisive == {"tier": "exact", "arch": "wormhole_b0"}


def test_the_reading_of_srcb_is_chosen_and_told():
    assert not tensix.settings().cut_srcb
    with tensix.use(srcb="srca"), tensix.use(arch="blackhole"):
        assert tensix.settings().cut_srcb
        assert tensix.settings().decisive == {"tier": "exact", "arch": "blackhole", "srcb": "srca"}
        with tensix.use(srcb="own"):
            assert "srcb" not in tensix.settings().decisive
    with pytest.raises(ValueError, match="legal are 'own', 'srca'"), tensix.use(srcb="srcb"):
        pass
