"""`tensix.matmul` and `linear`: the exact tier against the simulator's files and the reference."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix import ComputeKernelConfig, MatmulProgramConfig, Tensor
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.ops.matmul import default_config
from tests.tensix import reference, reference_numpy
from tests.tensix.conftest import STORED, golden_files, read_golden
from tests.tensix.strategies import arrays

FIDELITIES = ("LoFi", "HiFi2", "HiFi3", "HiFi4")


def given_tensor(x, dtype):
    return Tensor(torch.from_numpy(np.ascontiguousarray(x)), dtype)


@pytest.mark.parametrize("name", golden_files("matmul_*"))
def test_every_value_of_the_simulator(name):
    arrays_, attributes = read_golden(name)
    in0, in1 = (tensix.from_torch(arrays_[k], STORED[attributes[k]]) for k in ("in0", "in1"))
    assert np.array_equal(tensix.to_torch(in0), arrays_["in0_q"])
    assert np.array_equal(tensix.to_torch(in1), arrays_["in1_q"])
    for run in attributes["runs"]:
        config = ComputeKernelConfig(
            math_fidelity=run["math_fidelity"],
            fp32_dest_acc_en=run["fp32_dest_acc_en"],
            packer_l1_acc=run["packer_l1_acc"],
        )
        result = tensix.matmul(
            in0, in1, dtype=STORED[attributes["out"]], compute_kernel_config=config
        )
        expected = arrays_["out_" + attributes["alias"].get(run["key"], run["key"])]
        np.testing.assert_array_equal(tensix.to_torch(result), expected, err_msg=run["key"])


@pytest.mark.parametrize("activation", [None, "gelu", "silu"])
def test_linear_with_bias_and_activation(activation):
    arrays_, attributes = read_golden(f"linear_bf16_bfp8_bias_{activation}_HiFi2")
    config = ComputeKernelConfig(
        attributes["math_fidelity"],
        fp32_dest_acc_en=attributes["fp32_dest_acc_en"],
        packer_l1_acc=attributes["packer_l1_acc"],
    )
    result = tensix.linear(
        tensix.from_torch(arrays_["in0"], "bfloat16"),
        tensix.from_torch(arrays_["weight"], "bfloat8_b"),
        bias=tensix.from_torch(arrays_["bias"], "bfloat16"),
        activation=activation,
        compute_kernel_config=config,
    )
    np.testing.assert_array_equal(tensix.to_torch(result), arrays_["out"])


@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_a_fused_activation_takes_what_stands_in_dst(name, wide, tier):
    generator = torch.Generator().manual_seed(1)
    a, b, bias = (torch.randn(*s, generator=generator) for s in ((32, 128), (128, 64), (64,)))
    a, b = tensix.from_torch(a, "bfloat16"), tensix.from_torch(b / 8, "bfloat8_b")
    bias = tensix.from_torch(bias, "bfloat16")
    config = ComputeKernelConfig("HiFi2", False, wide, True)

    def product(dtype, *ending):
        program = MatmulProgramConfig(2, *ending)
        given = {"bias": bias, "compute_kernel_config": config, "program_config": program}
        return tensix.linear(a, b, dtype=dtype, **given)

    function = getattr(tensix, name)
    with tensix.use(tier):
        fused, apart = product("bfloat16", name), function(product("bfloat16"))
        kept = function(product("float32")) if wide else apart
    if wide:
        kept = Tensor(formats.pack_device(kept.values, "bfloat16"), "bfloat16")
    assert torch.equal(fused.values, kept.values)
    assert torch.equal(fused.values, apart.values) != wide


def test_an_activation_that_no_program_ends_in():
    with pytest.raises(ArgumentError, match="fused_activation is 'tanh'"):
        MatmulProgramConfig(1, "tanh")


def blocks_by_reference(in0, in1, config, width, output, bias):
    """`linear` in rational arithmetic, in blocks by docs/numerics.md, section 6.1."""
    wide, k = config.fp32_dest_acc_en, in0.shape[1]
    starts = range(0, k, 32 * width)
    in_memory = config.packer_l1_acc and len(starts) > 1
    between = "float32" if wide else "bfloat16" if in_memory else output
    partial = None
    for start in starts:
        last = start == starts[-1]
        reload = partial is not None and (not in_memory or (last and bias is None))
        rows, columns = in0[:, start : start + 32 * width], in1[start : start + 32 * width]
        dst = np.empty((len(in0), in1.shape[1]), np.uint32)
        for m, n in np.ndindex(dst.shape):
            old = int(partial.view(np.uint32)[m, n]) if reload else 0
            a, b = reference.bits_of(rows[m]), reference.bits_of(columns[:, n])
            dst[m, n] = reference.dot(a, b, old, config.math_fidelity, wide)
        dst = dst.view(np.float32)
        if last and bias is None:
            break
        stored = formats.pack_device(torch.from_numpy(dst), between).numpy()
        if in_memory and partial is not None:
            exact = partial.astype(np.float64) + stored.astype(np.float64)
            total = torch.from_numpy(exact.astype(np.float32))
            stored = (total if wide else formats.pack_host(total, "bfloat16")).numpy()
        partial = stored
    if bias is not None:
        row = [reference.cut(b, wide) for b in reference.bits_of(bias)]
        dst = np.empty(partial.shape, np.uint32)
        for m, n in np.ndindex(dst.shape):
            value = reference.cut(int(partial.view(np.uint32)[m, n]), wide)
            dst[m, n] = reference.add(value, row[n], wide)
        dst = dst.view(np.float32)
    return formats.pack_device(torch.from_numpy(dst), output)


@hypothesis_settings(deadline=None, max_examples=80)
@given(
    st.data(),
    st.sampled_from(FIDELITIES),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from((20, 64, 96, 128)),
    st.sampled_from(("float32", "bfloat16", "bfloat8_b")),
    st.sampled_from(("float32", "bfloat16")),
)
def test_blocks_partial_sums_and_bias(
    data, fidelity, wide, in_memory, has_bias, k, output, activations
):
    tiles = -(-k // 32)
    width = data.draw(st.sampled_from([w for w in (1, 2, 3, 4) if tiles % w == 0]))
    # Sums of finite values only: NaN and infinities in memory are the packer's own business.
    scale = st.floats(-3, 3, width=32)
    m, n = 2, 3
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    in0, in1, bias = (
        (generator.standard_normal(shape) * 2.0 ** data.draw(scale)).astype(np.float32)
        for shape in ((m, k), (k, n), (n,))
    )
    in0 = formats.pack_host(torch.from_numpy(in0), activations).numpy()
    in1 = formats.pack_host(torch.from_numpy(in1), "bfloat8_b").numpy()
    bias = formats.pack_host(torch.from_numpy(bias), "bfloat16").numpy() if has_bias else None
    config = ComputeKernelConfig(
        fidelity, fp32_dest_acc_en=wide, packer_l1_acc=in_memory, math_approx_mode=False
    )
    result = tensix.linear(
        given_tensor(in0, activations),
        given_tensor(in1, "bfloat8_b"),
        bias=None if bias is None else given_tensor(bias, "bfloat16"),
        dtype=output,
        compute_kernel_config=config,
        program_config=MatmulProgramConfig(in0_block_w=width),
    )
    expected = blocks_by_reference(in0, in1, config, width, output, bias)
    np.testing.assert_array_equal(tensix.to_torch(result), expected)


@hypothesis_settings(deadline=None, max_examples=40)
@given(st.data(), st.booleans(), st.integers(1, 70), st.integers(1, 70), st.integers(1, 70))
def test_any_number_of_threads_gives_the_same_bits(data, wide, m, k, n):
    in0 = given_tensor(data.draw(arrays((m, k))), "float32")
    in1 = given_tensor(data.draw(arrays((k, n))), "float32")
    config = ComputeKernelConfig("HiFi4", fp32_dest_acc_en=wide)
    results = []
    for threads in (1, 2, 5):
        with tensix.use(threads=threads):
            result = tensix.matmul(in0, in1, compute_kernel_config=config)
        results.append(tensix.to_torch(result).numpy().view(np.uint32))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_threads_share_large_products(monkeypatch):
    from lightning_v2.tensix import threads as threads_exact

    generator = torch.Generator().manual_seed(0)
    in0, in1 = (
        tensix.from_torch(torch.randn(shape, generator=generator), "bfloat16")
        for shape in ((300, 96), (96, 200))
    )
    with tensix.use(threads=1):
        alone = tensix.to_torch(tensix.matmul(in0, in1))
    calls = []
    spread = threads_exact.spread
    monkeypatch.setattr(threads_exact, "spread", lambda *a: calls.append(a) or spread(*a))
    with tensix.use(threads=3):
        assert torch.equal(tensix.to_torch(tensix.matmul(in0, in1)), alone)
    assert calls


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("level", tensix.FIDELITIES)
def test_tiles_of_zeros_leave_dst_as_it_is(level, wide):
    """They are left out, as a transposed convolution has many."""
    generator = torch.Generator().manual_seed(0)
    in0 = formats.pack_host(torch.randn(6, 160, generator=generator), "bfloat16")
    in1 = formats.pack_host(torch.randn(160, 5, generator=generator), "bfloat16")
    in0[1, 32:64] = in0[2, :128] = in0[3, 64:] = in0[4] = 0
    in1[3] = torch.inf
    config = ComputeKernelConfig(level, False, wide, False)
    program = MatmulProgramConfig(in0_block_w=5)
    result = tensix.matmul(
        Tensor(in0, "bfloat16"),
        Tensor(in1, "bfloat16"),
        dtype="float32",
        compute_kernel_config=config,
        program_config=program,
    )
    expected = reference_numpy.matrix(in0.numpy(), in1.numpy(), level, wide)
    assert np.array_equal(result.values.numpy().view(np.uint32), expected)


def test_batches_and_vectors_as_in_torch():
    generator = torch.Generator().manual_seed(0)
    shapes = [
        ((7,), (7,)),
        ((7,), (7, 3)),
        ((2, 7), (7,)),
        ((2, 5, 7), (7, 3)),
        ((4, 1, 5, 7), (3, 7, 2)),
        ((3, 7), (2, 7, 4)),
    ]
    for first, second in shapes:
        a, b = torch.randn(first, generator=generator), torch.randn(second, generator=generator)
        expected = torch.matmul(a, b)
        for tier in tensix.TIERS:
            with tensix.use(tier=tier):
                result = tensix.matmul(*(tensix.from_torch(x, "float32") for x in (a, b)))
            torch.testing.assert_close(result.values, expected, atol=0.02, rtol=0.02)


def test_transposed_operands():
    generator = torch.Generator().manual_seed(0)
    a, b = (
        tensix.from_torch(torch.randn(shape, generator=generator), "bfloat8_b")
        for shape in ((40, 20), (30, 40))
    )
    expected = tensix.matmul(
        Tensor(a.values.t(), a.dtype), Tensor(b.values.t(), b.dtype), dtype="bfloat16"
    )
    result = tensix.matmul(a, b, transpose_a=True, transpose_b=True, dtype="bfloat16")
    assert torch.equal(result.values, expected.values)


def test_defaults_are_those_of_ttnn():
    """docs/numerics.md, section 8; the two architectures differ for float32."""
    assert default_config("bfloat16", "bfloat8_b", "bfloat16", None) == ComputeKernelConfig(
        "HiFi2", packer_l1_acc=True, math_approx_mode=False
    )
    assert default_config("bfloat8_b", "bfloat4_b", "bfloat8_b", None).math_fidelity == "LoFi"
    program = MatmulProgramConfig(1)
    assert default_config("bfloat16", "bfloat16", "bfloat16", program).math_fidelity == "LoFi"
    assert default_config("bfloat16", "bfloat16", "float32", None).fp32_dest_acc_en
    for arch, level in (("wormhole_b0", "HiFi3"), ("blackhole", "HiFi4")):
        with tensix.use(arch=arch):
            config = default_config("float32", "float32", "float32", None)
        assert config == ComputeKernelConfig(
            level, fp32_dest_acc_en=True, packer_l1_acc=False, math_approx_mode=False
        )
    assert ComputeKernelConfig() == ComputeKernelConfig("LoFi", True, False, False)


def test_the_defect_is_wormholes_alone():
    """docs/numerics.md, section 4.7: a sum of -2**-23 becomes -2**4 with a 32-bit Dst."""
    # Dst: 1 + 2**-22 from the first tile, minus (1 + 2**-21) … in steps that TF32 can hold.
    in0 = torch.zeros(1, 64)
    in1 = torch.zeros(64, 1)
    in0[0, 0], in1[0, 0] = -1.0, 1.0
    in0[0, 1], in1[1, 0] = 0.0, 0.0
    in0[0, 16], in1[16, 0] = -(2.0**-12), 2.0**-11
    in0[0, 32], in1[32, 0] = 1.0, 1.0
    config = ComputeKernelConfig("LoFi", fp32_dest_acc_en=True)
    program = MatmulProgramConfig(in0_block_w=2)
    results = {}
    for arch in tensix.ARCHITECTURES:
        with tensix.use(arch=arch):
            results[arch] = tensix.matmul(
                tensix.from_torch(in0, "float32"),
                tensix.from_torch(in1, "float32"),
                compute_kernel_config=config,
                program_config=program,
            ).values.item()
    assert results == {"wormhole_b0": -16.0, "blackhole": -(2.0**-23)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "bfloat2_b"}, "dtype is 'bfloat2_b'; legal are 'float32'"),
        ({"activation": "swish"}, "activation is 'swish'; legal are None, 'relu'"),
        (
            {"bias": tensix.from_torch(torch.ones(5), "bfloat16")},
            r"bias has shape \(5,\); legal are 6 values",
        ),
        (
            {"program_config": MatmulProgramConfig(4)},
            "in0_block_w is 4; legal are divisors of 2, the tiles of K = 40",
        ),
        ({"transpose_b": True}, "input_tensor_b has shape .* must be 40"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    a, b = (
        tensix.from_torch(torch.ones(3, 40), "bfloat16"),
        tensix.from_torch(torch.ones(40, 6), "bfloat16"),
    )
    with pytest.raises(ValueError, match=message):
        tensix.linear(a, b, **arguments)


def test_errors_of_operands():
    x = tensix.from_torch(torch.ones(3, 4), "bfloat16")
    with pytest.raises(TypeError, match=r"input_tensor_b is a Tensor; legal is a tensix.Tensor"):
        tensix.matmul(x, torch.ones(4, 4))
    with pytest.raises(ValueError, match="batch axes that do not broadcast"):
        tensix.matmul(
            tensix.from_torch(torch.ones(2, 3, 4), "bfloat16"),
            tensix.from_torch(torch.ones(3, 4, 3), "bfloat16"),
        )
    with pytest.raises(ValueError, match="math_fidelity is 'HiFi1'; legal are 'LoFi'"):
        ComputeKernelConfig("HiFi1")
    with pytest.raises(ValueError, match="in0_block_w is 0; legal are positive integers"):
        MatmulProgramConfig(0)
