import pytest

from lightning_v2.deployment.observed.tensor_use import TensorUse, stored_bytes

INTERLEAVED = (
    "MemoryConfig(memory_layout=TensorMemoryLayout::INTERLEAVED,buffer_type=BufferType::DRAM,"
    "shard_spec=std::nullopt,nd_shard_spec=std::nullopt)"
)
SHARDED = (
    "MemoryConfig(memory_layout=TensorMemoryLayout::HEIGHT_SHARDED,buffer_type=BufferType::L1,"
    'shard_spec=ShardSpec{grid=[{"start":{"x":0,"y":0},"end":{"x":7,"y":0}}, '
    '{"start":{"x":0,"y":1},"end":{"x":3,"y":1}}], shape=[32, 128]},'
    'nd_shard_spec={"grid":[{"start":{"x":0,"y":0},"end":{"x":7,"y":0}}]})'
)


def described(memory_config=INTERLEAVED, **changes):
    return {
        "shape": "Shape([1, 40, 100])",
        "dtype": "DataType::BFLOAT8_B",
        "layout": "Layout::TILE",
        "storage_type": "DEVICE",
        "tensor_id": 7,
        "memory_config": memory_config,
    } | changes


@pytest.mark.parametrize(
    ("dtype", "tile_bytes"),
    [("float32", 4096), ("bfloat16", 2048), ("bfloat8_b", 1088), ("bfloat4_b", 576)],
)
def test_tiles_of_every_format(dtype, tile_bytes):
    assert stored_bytes((3, 33, 64), dtype, "tile") == 3 * 2 * 2 * tile_bytes


@pytest.mark.parametrize(
    ("shape", "tiles"), [((), 1), ((5,), 1), ((1, 384), 12), ((2, 2, 1, 1), 4)]
)
def test_the_last_two_axes_are_padded(shape, tiles):
    assert stored_bytes(shape, "bfloat16", "tile") == tiles * 2048


def test_rows_are_not_padded():
    assert stored_bytes((3, 5), "uint32", "row_major") == 60
    assert stored_bytes((3, 5), "bfloat16", "row_major") == 30


def test_in_words():
    use = TensorUse.of(described(), None)
    assert str(use) == "1x40x100 bfloat8_b tile, DRAM interleaved"
    assert use.in_dram
    assert use.bytes == 2 * 4 * 1088


def test_a_buffer_knows_its_size_better():
    buffer = {"counter": 3, "params": {"size": 16384}}
    assert TensorUse.of(described(), buffer).bytes == 16384


def test_cores_of_a_sharded_tensor_count_once():
    use = TensorUse.of(described(SHARDED), None)
    assert use.memory == "L1 height_sharded 12 cores"
    assert not use.in_dram


def test_of_the_host():
    params = described(storage_type="HOST")
    del params["memory_config"]
    use = TensorUse.of(params, None)
    assert use.memory == "host"
    assert not use.on_device
    assert not use.in_dram
