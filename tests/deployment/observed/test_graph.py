"""Graphs made by hand, with a single fact each; and one of ttnn's, with views and heads."""

import pytest

from lightning_v2.deployment.observed.graph import Graph
from tests.deployment.device_process import run_on_mock

DRAM, L1, L1_SMALL = 0, 1, 3


class Recording:
    """Writes nodes as ttnn does."""

    def __init__(self):
        self.nodes, self.calls = [], []

    def graph(self, resident=0):
        return Graph(self.nodes, self.calls, resident)

    def add(self, node_type, connections=(), inputs=(), arguments=(), **params):
        self.nodes.append(
            {
                "counter": len(self.nodes) + 1,
                "node_type": node_type,
                "connections": list(connections),
                "input_tensors": list(inputs),
                "arguments": list(arguments),
                "params": params,
            }
        )
        return len(self.nodes)

    def start(self, name, *inputs, operation=False, arguments=(), **params):
        factory = {"program_factory_type": "Factory", "program_cache_hit": False}
        params |= factory if operation else {}
        return self.add("function_start", (), inputs, arguments, name=name, **params)

    def end(self, name, *results):
        return self.add("function_end", results, name=name)

    def call(self, name, taken, returned, **arguments):
        ids = {"input_tensor_ids": list(taken), "output_tensor_ids": list(returned)}
        self.calls.append({"name": name, "arguments": arguments, **ids})

    def tensor(self, number, shape="32, 32", where="DRAM", storage="DEVICE"):
        config = f"memory_layout=TensorMemoryLayout::INTERLEAVED,buffer_type=BufferType::{where}"
        return self.add(
            "tensor",
            tensor_id=number,
            shape=f"Shape([{shape}])",
            dtype="DataType::BFLOAT16",
            layout="Layout::TILE",
            storage_type=storage,
            memory_config=f"MemoryConfig({config},shard_spec=std::nullopt)",
        )

    def buffer(self, *tensors, size=2048):
        return self.add("buffer", tensors, size=size)

    def memory(self, what, size, buffer=0, kind=L1):
        sizes = {"size": 64 * size, "max_size_per_bank": size}
        self.add(f"buffer_{what}", [buffer], buffer_type=kind, **sizes)


@pytest.fixture
def recording():
    return Recording()


def test_a_view_inside_a_call_and_new_ids_of_python_keep_the_origin(recording):
    recording.call("ttnn.slice", [1], [5])
    recording.call("ttnn.gelu", [5], [8])
    recording.start("ttnn.slice")
    x, y = recording.tensor(1), recording.tensor(2)
    recording.buffer(x)
    recording.buffer(y)
    recording.start("SliceDeviceOperation", x, operation=True)
    recording.end("SliceDeviceOperation", y)
    recording.start("Tensor::reshape", y)
    recording.end("Tensor::reshape", recording.tensor(3))
    recording.end("ttnn.slice")
    recording.start("ttnn.gelu")
    recording.start("UnaryDeviceOperation", recording.tensor(5), operation=True)
    recording.end("UnaryDeviceOperation", recording.tensor(6))
    recording.end("ttnn.gelu")
    graph = recording.graph()
    assert [step.producers for step in graph.steps] == [(None,), (0,)]
    assert [step.call for step in graph.steps] == ["ttnn.slice", "ttnn.gelu"]
    assert graph.nodes().kind.tolist() == ["operation", "operation", "resident"]
    edges = graph.edges()
    assert list(zip(edges.source, edges.target, strict=True)) == [(2, 0), (0, 1)]


def test_of_several_results_each_keeps_its_origin(recording):
    recording.call("ttnn.split", [1], [11, 12])
    recording.call("ttnn.add", [12, 11], [13])
    recording.start("ttnn.split")
    x = recording.tensor(1)
    for part in (2, 3):
        y = recording.tensor(part)
        recording.start("SliceDeviceOperation", x, operation=True)
        recording.end("SliceDeviceOperation", y)
        recording.start("Tensor::reshape", y)
        recording.end("Tensor::reshape", recording.tensor(part + 5))
    recording.end("ttnn.split")
    recording.start("ttnn.add")
    operands = recording.tensor(12), recording.tensor(11)
    recording.start("BinaryNgDeviceOperation", *operands, operation=True)
    recording.end("BinaryNgDeviceOperation")
    recording.end("ttnn.add")
    assert recording.graph().steps[-1].producers == (1, 0)


def test_a_single_result_is_the_last_that_is_left(recording):
    recording.call("ttnn.conv1d", [], [9])
    recording.start("ttnn.conv1d")
    for i in (1, 2):
        recording.start("HaloDeviceOperation", operation=True)
        recording.end("HaloDeviceOperation", recording.tensor(i))
    recording.end("ttnn.conv1d")
    recording.start("UnaryDeviceOperation", recording.tensor(9), operation=True)
    recording.end("UnaryDeviceOperation")
    assert recording.graph().steps[-1].producers == (1,)


def test_a_call_that_does_nothing_returns_what_it_was_given(recording):
    recording.call("ttnn.to_memory_config", [2], [7])
    recording.start("UnaryDeviceOperation", recording.tensor(1), operation=True)
    recording.end("UnaryDeviceOperation", recording.tensor(2))
    recording.start("ttnn.to_memory_config")
    recording.end("ttnn.to_memory_config")
    recording.start("UnaryDeviceOperation", recording.tensor(7), operation=True)
    recording.end("UnaryDeviceOperation")
    assert recording.graph().steps[-1].producers == (0,)


def test_a_result_that_is_given_is_not_read(recording):
    x, y, result = recording.tensor(1), recording.tensor(2), recording.tensor(2)
    recording.buffer(x)
    recording.memory("allocate", 2048, recording.buffer(y, result), DRAM)
    for _ in range(2):
        recording.start("CopyDeviceOperation", x, y, operation=True)
        recording.end("CopyDeviceOperation", result)
    first, second = recording.graph().steps
    assert (len(first.operands), first.dram_read_bytes) == (1, 2048)
    # By then it holds something.
    assert (len(second.operands), second.dram_read_bytes) == (2, 4096)


def test_memory_of_programs_adds_up_on_each_core_and_ends_with_them(recording):
    cores = "[0-0 - 1-0]"
    for _ in range(2):
        recording.start("MatmulDeviceOperation", operation=True)
        first = {"core_range_set": f"{{{cores}}}"}
        recording.add("circular_buffer_allocate", size=1000, globally_allocated="0", **first)
        recording.add("dataflow_buffer_allocate", size=300, borrows_memory="0", **first)
        recording.add("dataflow_buffer_allocate", size=9000, borrows_memory="1", **first)
        recording.add("circular_buffer_allocate", size=9000, globally_allocated="1", **first)
        recording.add("scratchpad_allocate", size=20, core_range_set="{[1-0 - 2-0]}")
        both = "{[0-0 - 0-0], [5-5 - 6-6]}"
        recording.add("dataflow_buffer_allocate", size=4, borrows_memory="0", core_range_set=both)
        recording.end("MatmulDeviceOperation")
    graph = recording.graph(resident=100)
    assert [step.program_l1_bytes for step in graph.steps] == [1320, 1320]
    assert [step.cores for step in graph.steps] == [7, 7]
    assert (graph.peak_l1_bytes, graph.peak_l1_tensor_bytes) == (1420, 100)


def test_peak_of_tensors_is_the_most_at_one_time(recording):
    recording.memory("allocate", 2048)
    recording.memory("allocate", 4096)
    recording.memory("deallocate", 2048)
    recording.memory("allocate", 1024)
    recording.memory("allocate", 50_000, kind=DRAM)
    recording.memory("allocate", 60_000, kind=L1_SMALL)
    graph = recording.graph(resident=10)
    assert graph.peak_l1_tensor_bytes == graph.peak_l1_bytes == 6154


def test_transfers_and_those_of_a_program_that_is_made(recording):
    host, there = recording.tensor(1, storage="HOST"), recording.tensor(2, "64, 64")
    recording.start("Tensor::to_device", host)
    recording.end("Tensor::to_device", there)
    recording.start("tt::tt_metal::copy_to_device", host, there)
    recording.end("tt::tt_metal::copy_to_device", recording.tensor(3, "64, 64"))
    recording.start("ReshapeViewDeviceOperation", there, operation=True)
    recording.start("Tensor::to_device", host)
    recording.end("Tensor::to_device", recording.tensor(4))
    recording.end("ReshapeViewDeviceOperation")
    recording.start("Tensor::cpu", there)
    recording.end("Tensor::cpu", recording.tensor(5, storage="HOST"))
    graph = recording.graph()
    assert [(step.kind, step.transferred_bytes) for step in graph.steps] == [
        ("upload", 8192),
        ("upload", 8192),
        ("setup", 2048),
        ("operation", 0),
        ("download", 8192),
    ]
    assert graph.nodes().kind.tolist() == ["upload", "upload", "operation", "download"]
    edges = graph.edges()
    assert list(zip(edges.source, edges.target, strict=True)) == [(0, 3), (0, 4)]


def test_operations_that_can_share_a_program_have_one_key(recording):
    attributes = "Params(ComputeKernelConfig(math_fidelity=LoFi,fp32_dest_acc_en=0), buffer 0x{})"
    configs = ["in0_block_w=1", "in0_block_w=1", "in0_block_w=2"]
    for i, config in enumerate(configs):
        recording.call("ttnn.linear", [], [], program_config=config)
        recording.start("ttnn.linear")
        arguments = [attributes.format(7 * i)]
        recording.start("MatmulDeviceOperation", operation=True, arguments=arguments)
        recording.end("MatmulDeviceOperation")
        recording.end("ttnn.linear")
    graph = recording.graph()
    one, same, other = (step.key for step in graph.steps)
    assert one == same != other
    table = graph.operations()
    assert table.program_config.tolist() == configs
    assert set(table.math_fidelity) == {"LoFi"}


def test_an_operation_that_failed_does_not_run(recording):
    recording.start("ttnn.linear")
    recording.start("MatmulDeviceOperation", operation=True)
    recording.end("ttnn.linear")
    recording.start("UnaryDeviceOperation", operation=True)
    recording.end("UnaryDeviceOperation")
    assert [step.name for step in recording.graph().steps] == ["UnaryDeviceOperation"]


def test_nothing():
    graph = Graph([], [])
    assert len(graph.operations()) == len(graph.nodes()) == len(graph.edges()) == 0


def attention(device):
    import torch
    import ttnn

    from lightning_v2.deployment.device.capture import capture

    def upload(*shape, dtype=ttnn.bfloat16):
        x = torch.ones(*shape)
        return ttnn.from_torch(x, dtype, layout=ttnn.TILE_LAYOUT, device=device.handle)

    weight = upload(128, 384, dtype=ttnn.bfloat8_b)
    config = ttnn.MatmulMultiCoreReuseMultiCast1DProgramConfig(
        compute_with_storage_grid_size=(6, 1),
        in0_block_w=2,
        out_subblock_h=1,
        out_subblock_w=1,
        per_core_M=2,
        per_core_N=2,
        fuse_batch=True,
        fused_activation=None,
        mcast_in0=True,
    )
    kernel = ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.LoFi)
    sharded = ttnn.create_sharded_memory_config(
        (64, 128), core_grid=ttnn.CoreGrid(y=1, x=2), strategy=ttnn.ShardStrategy.HEIGHT
    )

    def heads(joint, i):
        part = ttnn.slice(joint, [0, 0, 128 * i], [1, 64, 128 * (i + 1)])
        return ttnn.permute(ttnn.reshape(part, (1, 64, 2, 64)), (0, 2, 1, 3))

    def stage():
        x = upload(1, 64, 128)
        joint = ttnn.linear(x, weight, program_config=config, compute_kernel_config=kernel)
        weights = ttnn.softmax(ttnn.matmul(heads(joint, 0), heads(joint, 1), transpose_b=True))
        joined = ttnn.permute(ttnn.matmul(weights, heads(joint, 2)), (0, 2, 1, 3))
        y = ttnn.reshape(joined, (1, 64, 128))
        return ttnn.to_torch(ttnn.gelu(ttnn.to_memory_config(ttnn.add(x, y), sharded)))

    with capture(device) as captured:
        stage()
    names = captured.graph.nodes().set_index("node").label
    edges = captured.graph.edges()
    operations = captured.graph.operations()
    return {
        "edges": [[names[a], names[b]] for a, b in zip(edges.source, edges.target, strict=True)],
        "first": operations.iloc[0][["operands", "math_fidelity", "program_config"]].to_dict(),
        "last": operations.iloc[-1].results,
    }


@pytest.fixture(scope="module")
def drawn():
    return run_on_mock("n150", attention)


def test_the_drawing_of_attention(drawn):
    linear, turn = "MatmulDeviceOperation", "TransposeDeviceOperation"
    cut, regroup = "SliceDeviceOperation", "ReshapeViewDeviceOperation"
    head = [[linear, cut], [cut, regroup], [regroup, turn]]
    assert drawn["edges"] == [
        ["Tensor::to_device", linear],
        ["128x384 bfloat8_b tile, DRAM interleaved", linear],
        *head,
        *head,
        [turn, linear],
        [turn, linear],
        [linear, "SoftmaxDeviceOperation"],
        *head,
        ["SoftmaxDeviceOperation", linear],
        [turn, linear],
        [linear, turn],
        [turn, regroup],
        ["Tensor::to_device", "BinaryNgDeviceOperation"],
        [regroup, "BinaryNgDeviceOperation"],
        ["BinaryNgDeviceOperation", "InterleavedToShardedDeviceOperation"],
        ["InterleavedToShardedDeviceOperation", "UnaryDeviceOperation"],
        ["UnaryDeviceOperation", "Tensor::cpu"],
    ]


def test_operations_in_words(drawn):
    first = drawn["first"]
    assert first["operands"] == (
        "1x64x128 bfloat16 tile, DRAM interleaved; 128x384 bfloat8_b tile, DRAM interleaved"
    )
    assert first["math_fidelity"] == "LoFi"
    assert "in0_block_w=2" in first["program_config"]
    assert drawn["last"] == "1x64x128 bfloat16 tile, L1 height_sharded 2 cores"
