import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.tensix.numbers.configuration import ARCHITECTURES, use
from lightning_v2.tensix.numbers.formats import FORMATS, MAGNITUDE_BITS, pack_device, pack_host
from lightning_v2.tensix.numbers.tensor import Tensor, from_torch
from lightning_v2.tensix.ops import elementwise as ops
from tests.tensix import reference_sfpu

GOLDEN = {"add": ops.add, "sub": ops.subtract, "mul": ops.multiply, "div": ops.divide}
TORCH = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div}
STORAGE = {"bf16": "bfloat16", "f32": "float32"}


def _bits(x):
    return x.contiguous().view(torch.int32)


@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("name", GOLDEN)
def test_every_bit_of_the_simulator(golden, name, storage):
    arrays, _ = golden(f"{name}_{storage}")
    a, b = (from_torch(arrays[key], STORAGE[storage]) for key in ("in0", "in1"))
    expected = torch.from_numpy(arrays["out"])
    result = GOLDEN[name](a, b)
    assert result.dtype == STORAGE[storage]
    assert int((_bits(result.values) != _bits(expected)).sum()) == 0


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 32, 32, generator=generator), torch.randn(32, 32, generator=generator)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", TORCH)
def test_tiers_are_one_unit_apart(pair, name, dtype):
    a, b = from_torch(pair[0], dtype), from_torch(pair[1].abs() + 1, dtype)
    exact = getattr(ops, name)(a, b)
    with use(tier="fast"):
        fast = getattr(ops, name)(a, b)
    assert exact.dtype == fast.dtype == dtype and exact.shape == (2, 32, 32)
    largest = exact.values.abs()
    if dtype in MAGNITUDE_BITS:
        largest = largest.amax(-1, keepdim=True)
    unit = {"float32": 2**-22, "bfloat16": 2**-7, "bfloat8_b": 2**-6, "bfloat4_b": 2**-2}[dtype]
    assert ((exact.values - fast.values).abs() <= unit * largest).all()


@pytest.mark.parametrize("name", ["add", "subtract"])
def test_sums_of_bfloat16_to_nearest_even_when_asked(pair, name):
    a, b = (from_torch(x, "bfloat16") for x in pair)
    result = getattr(ops, name)(a, b, fast_and_approximate_mode=False)
    truth = pack_host(TORCH[name](a.values, b.values), "bfloat16")
    assert torch.equal(result.values, truth)
    quick = getattr(ops, name)(a, b)
    assert 0.8 < (quick.values == truth).float().mean() < 1


def test_products_of_bfloat16_take_the_vector_engine_unless_told(pair):
    a, b = (from_torch(x, "bfloat16") for x in pair)
    truth = pack_host(a.values * b.values, "bfloat16")
    assert torch.equal(ops.multiply(a, b).values, truth)
    quick = ops.multiply(a, b, fast_and_approximate_mode=True).values
    assert 0.6 < (quick == truth).float().mean() < 0.9
    assert torch.allclose(quick, truth, rtol=2**-7)


def test_published_products_of_the_matrix_engine():
    a, b = (from_torch(torch.tensor([x]), "bfloat16") for x in (1.3125, 7.96875))
    assert ops.multiply(a, b, fast_and_approximate_mode=True).values.item() == 10.5
    assert ops.multiply(a, b).values.item() == 10.4375


def test_minimum_and_maximum_are_torch_s_but_for_the_sign_of_zero(pair):
    a, b = (from_torch(x, "bfloat16") for x in pair)
    assert torch.equal(ops.minimum(a, b).values, torch.minimum(a.values, b.values))
    assert torch.equal(ops.maximum(a, 0.5).values, a.values.clamp(min=0.5))


def test_a_number_beside_an_extreme_is_truncated_not_rounded():
    third, x = 1 / 3, torch.tensor([0.0])
    for tier in ("exact", "fast"):
        with use(tier=tier):
            assert ops.maximum(from_torch(x, "bfloat16"), third).values.item() == 0.33203125
            wide = ops.maximum(from_torch(x, "float32"), third).values.item()
            assert wide == torch.tensor(third).item()


def test_numbers_are_rounded_like_the_tensor_beside_them():
    x = torch.tensor([3.0])
    wide, narrow = from_torch(x, "float32"), from_torch(x, "bfloat16")
    for tier in ("exact", "fast"):
        with use(tier=tier):
            assert ops.multiply(narrow, 1 / 3, dtype="float32").values.item() == 3 * 0.333984375
            assert ops.multiply(wide, 1 / 3).values.item() == 1
            assert ops.subtract(1, narrow).values.item() == -2
            assert ops.rsub(narrow, 1).values.item() == -2
            assert ops.rsub(narrow, narrow).values.item() == 0
            assert ops.divide(6, wide).values.item() == 2
            assert ops.add(narrow, 2).dtype == ops.add(2, narrow).dtype == "bfloat16"


def test_dtype_of_the_result(pair):
    a, b = (from_torch(x, "bfloat16") for x in pair)
    assert ops.add(a, from_torch(pair[1], "bfloat8_b")).dtype == "bfloat16"
    assert ops.rsub(from_torch(pair[0], "bfloat8_b"), b).dtype == "bfloat8_b"
    wide = ops.multiply(a, b, dtype="float32")
    assert torch.equal(wide.values, a.values * b.values)
    packed = ops.multiply(a, b, dtype="bfloat4_b")
    assert torch.equal(packed.values, pack_device(ops.multiply(a, b).values, "bfloat4_b"))
    narrowed = ops.add(*(from_torch(x, "float32") for x in pair), dtype="bfloat16")
    assert torch.equal(narrowed.values, pack_host(pair[0] + pair[1], "bfloat16"))
    blocks = ops.add(*(from_torch(x, "float32") for x in pair), dtype="bfloat8_b")
    assert torch.equal(blocks.values, pack_device(pair[0] + pair[1], "bfloat8_b"))


def test_sums_with_a_wide_register_keep_11_bits():
    a, b = (from_torch(torch.tensor([x]), "bfloat16") for x in (1.0, 2.0**-10 + 2.0**-12))
    assert ops.add(a, b, dtype="float32").values.item() == 1 + 2**-10


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_quotients_of_special_numbers(arch, dtype):
    inf, nan = float("inf"), float("nan")
    a = from_torch(torch.tensor([1.0, -1.0, 0.0, inf, 1.0, 0.0, nan, inf]), "float32")
    b = from_torch(torch.tensor([0.0, 0.0, 0.0, 2.0, inf, 5.0, 1.0, inf]), "float32")
    a, b = (Tensor(x.values, dtype) for x in (a, b))
    with use(arch=arch):
        result = ops.divide(a, b).values
    if dtype == "bfloat16":
        # NaN leaves the packer as an infinity of its sign.
        assert result[[0, 1, 3, 4, 5]].tolist() == [inf, -inf, inf, 0, 0]
        assert result[[2, 6, 7]].isinf().all()
    else:
        assert result[[0, 1, 3, 4, 5]].tolist() == [inf, -inf, inf, 0, 0]
        assert result[[2, 6, 7]].isnan().all()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_quotients_are_one_unit_from_the_truth(arch):
    generator = np.random.default_rng(0)
    a, b = (torch.from_numpy(np.exp(generator.uniform(-40, 40, 5000)).astype("f")) for _ in "ab")
    with use(arch=arch):
        result = ops.divide(from_torch(a, "float32"), from_torch(b, "float32")).values
        narrow = ops.divide(from_torch(a, "bfloat16"), from_torch(b, "bfloat16")).values
    assert torch.allclose(result.double(), a.double() / b.double(), rtol=2**-23, atol=0)
    ratio = pack_host(a, "bfloat16").double() / pack_host(b, "bfloat16").double()
    assert torch.equal(narrow, pack_host(ratio.float(), "bfloat16"))


patterns = st.integers(0, 0xFFFFFFFF).filter(lambda p: (p >> 23) & 255 != 255)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@settings(deadline=None)
@given(x=patterns, y=patterns)
def test_float32_sums_and_products_against_the_slow_reference(arch, x, y):
    a, b = (Tensor(torch.from_numpy(np.array([p], np.uint32).view("f")), "float32") for p in (x, y))
    blackhole, one = arch == "blackhole", 0x3F800000

    def stored(pattern):
        return pattern if (pattern >> 23) & 255 else pattern & 0x80000000

    with use(arch=arch):
        total, product = ops.add(a, b).values, ops.multiply(a, b).values
    assert int(_bits(total)) & 0xFFFFFFFF == stored(
        reference_sfpu.multiply_add(x, one, y, blackhole)
    )
    assert int(_bits(product)) & 0xFFFFFFFF == stored(
        reference_sfpu.multiply_add(x, y, 0, blackhole)
    )


def test_the_fast_tier_keeps_gradients():
    x = torch.tensor([0.5, -1.25], requires_grad=True)
    operand = Tensor(x * 1, "bfloat16")
    with use(tier="fast"):
        ops.multiply(ops.add(operand, 1.0), operand).values.sum().backward()
    assert torch.equal(x.grad, 2 * x.detach() + 1)
    assert not ops.add(operand, 1.0).values.requires_grad


def test_errors(pair):
    wide, narrow = from_torch(pair[0], "float32"), from_torch(pair[1], "bfloat16")
    with pytest.raises(ValueError, match=r"a and b are float32 and bfloat16.*typecast"):
        ops.add(wide, narrow)
    with pytest.raises(TypeError, match="b is a Tensor; legal are numbers"):
        ops.multiply(wide, pair[0])
    with pytest.raises(TypeError, match="a and b are numbers"):
        ops.add(1, 2.0)
    with pytest.raises(ValueError, match="dtype is 'int8'; legal are 'float32'"):
        ops.divide(wide, wide, dtype="int8")
    with pytest.raises(ValueError, match="fast_and_approximate_mode is False and the result float"):
        ops.subtract(wide, wide, fast_and_approximate_mode=False)
    with pytest.raises(ValueError, match="a and b are bfloat16 and bfloat8_b; legal is one format"):
        ops.maximum(narrow, from_torch(pair[1], "bfloat8_b"))
    with pytest.raises(ValueError, match="legal are shapes that broadcast"):
        ops.add(narrow, from_torch(torch.zeros(5), "bfloat16"))
