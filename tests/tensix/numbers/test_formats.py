"""Storage formats: corner values bit by bit, files made by the functional simulator, and a scalar
transcription of the rules that shares no code with the library."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lightning_v2.tensix.numbers import formats

BITS = {"bfloat8_b": 7, "bfloat4_b": 3}


def from_bits(*patterns):
    return torch.from_numpy(np.array(patterns, np.uint32).view(np.float32))


def bits_of(x):
    return x.contiguous().numpy().view(np.uint32)


def group(*values):
    """One group of 16: the given values, then zeros."""
    return torch.tensor([*values, *[0.0] * (16 - len(values))], dtype=torch.float32)


def decode_scalar(sign, code, shared, bits):
    if code == 0:
        return 0
    zeros = bits - code.bit_length()
    fraction = (code << zeros) & ((1 << (bits - 1)) - 1)
    return sign << 31 | ((shared - zeros) % 256) << 23 | fraction << (24 - bits)


def host_scalar(patterns, bits):
    shared = max(p >> 23 & 255 for p in patterns)
    values = []
    for p in patterns:
        exponent = p >> 23 & 255
        code = 0
        if exponent:
            aligned = (1 << 23 | p & 0x7FFFFF) >> (shared - exponent)
            drop = 24 - bits
            code, rest = aligned >> drop, aligned % (1 << drop)
            half = 1 << (drop - 1)
            if rest > half or (rest == half and code % 2):
                code += 1
            code = min(code, 2**bits - 1)
        values.append(decode_scalar(p >> 31, code, shared, bits))
    return values


def device_scalar(patterns, bits, double_rounding):
    staged = []
    for p in patterns:
        magnitude = p & 0x7FFFFFFF
        if double_rounding:
            magnitude = min(magnitude, 0x7F800000)
        half_word = magnitude >> 16
        if double_rounding:
            half_word = (half_word + 1) // 2 * 2
        staged.append(half_word if magnitude >= 1 << 23 else 0)
    shared = max(h >> 7 for h in staged)
    values = []
    for p, h in zip(patterns, staged, strict=True):
        distance = shared - (h >> 7)
        code = 0
        if h and distance < 8:
            code = ((h & 127 | 128) + (1 << distance)) >> (distance + 1)
        code = min(code, 127) >> (7 - bits)
        values.append(decode_scalar(p >> 31, code, shared, bits))
    return values


def scalar_groups(rule, x):
    """Apply a scalar rule to the groups of 16 of each row of a 2-D array."""
    rows = []
    for row in x.view(np.uint32):
        padded = [int(p) for p in row] + [0] * (-len(row) % 16)
        values = [v for i in range(0, len(padded), 16) for v in rule(padded[i : i + 16])]
        rows.append(values[: len(row)])
    return np.array(rows, np.uint32)


any_pattern = hnp.arrays(
    np.uint32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
    elements=st.one_of(
        st.integers(0, 2**32 - 1),
        # Neighbours within a few binades, with many exact ties among them.
        st.builds(
            lambda s, e, f: s << 31 | e << 23 | f,
            st.integers(0, 1),
            st.integers(122, 130),
            st.one_of(
                st.integers(0, 2**23 - 1), st.sampled_from([0, 1, 3 << 15, 1 << 16, 7 << 16])
            ),
        ),
        # The bottom of the range, where exponents wrap.
        st.integers(0, 12 << 23),
    ),
)


@pytest.mark.parametrize("dtype", BITS)
@given(patterns=any_pattern)
@settings(max_examples=60, deadline=None)
def test_blocks_follow_the_scalar_rules(dtype, patterns):
    x, bits = patterns.view(np.float32), BITS[dtype]
    t = torch.from_numpy(x)
    cases = {
        formats.pack_host: lambda g: host_scalar(g, bits),
        formats.pack_device: lambda g: device_scalar(g, bits, True),
        formats.typecast: lambda g: device_scalar(g, bits, dtype == "bfloat4_b"),
    }
    for function, rule in cases.items():
        np.testing.assert_array_equal(bits_of(function(t, dtype)), scalar_groups(rule, x))


@given(patterns=any_pattern)
@settings(max_examples=60, deadline=None)
def test_torch_and_compiled_kernels_agree(patterns):
    groups = torch.from_numpy(np.resize(patterns, (patterns.size, 16)).view(np.float32))
    for dtype, bits in BITS.items():
        for host, double in ((True, False), (False, False), (False, True)):
            compiled = formats._blocks(groups, dtype, -1, host=host, double_rounding=double)
            plain = formats._blocks_anywhere(groups, bits, host, double)
            np.testing.assert_array_equal(bits_of(compiled), bits_of(plain))


def test_bfloat16_host_rounds_ties_to_even_and_device_away():
    x = from_bits(0x3F808000, 0x3F818000, 0xBF808000, 0x3F808001, 0x7F7FFFFF, 0x00000001)
    assert [hex(v) for v in bits_of(formats.pack_host(x, "bfloat16"))] == [
        "0x3f800000",
        "0x3f820000",
        "0xbf800000",
        "0x3f810000",
        "0x7f800000",
        "0x0",
    ]
    assert [hex(v) for v in bits_of(formats.pack_device(x, "bfloat16"))] == [
        "0x3f810000",
        "0x3f820000",
        "0xbf810000",
        "0x3f810000",
        "0x7f800000",
        "0x0",
    ]


def test_bfloat16_device_special_values():
    x = from_bits(0x7FC00000, 0xFFC00001, 0x7F800000, 0xFF800000, 0x80000000, 0x807F0000)
    expected = [0x7F800000, 0xFF800000, 0x7F800000, 0xFF800000, 0, 0]
    assert bits_of(formats.pack_device(x, "bfloat16")).tolist() == expected


def test_ties_go_to_even_on_the_host_and_away_on_the_device():
    # With 1.0 in the group the grid of bfloat8_b is 1/64.
    x = group(1.0, 1.5 / 64, 2.5 / 64, -2.5 / 64)
    assert formats.pack_host(x, "bfloat8_b")[:4].tolist() == [1.0, 2 / 64, 2 / 64, -2 / 64]
    assert formats.typecast(x, "bfloat8_b")[:4].tolist() == [1.0, 2 / 64, 3 / 64, -3 / 64]


def test_host_alignment_loses_the_sticky_bit():
    # 2.5/64 and a last bit that falls off when aligned to 1.0: it looks like a tie.
    x = group(1.0, float(np.nextafter(np.float32(2.5 / 64), np.float32(1))))
    assert formats.pack_host(x, "bfloat8_b")[1].item() == 2 / 64
    # In its own binade the bit survives.
    assert formats.pack_host(group(x[1].item()), "bfloat8_b")[0].item() == 2.5 / 64


def test_rounding_saturates_and_never_raises_the_exponent():
    x = group(1.9999, -1.9999)
    assert formats.pack_host(x, "bfloat8_b")[:2].tolist() == [127 / 64, -127 / 64]
    assert formats.pack_host(x, "bfloat4_b")[:2].tolist() == [7 / 4, -7 / 4]
    assert formats.typecast(x, "bfloat8_b")[:2].tolist() == [127 / 64, -127 / 64]


def test_intermediate_rounding_of_the_packer_can_raise_the_exponent():
    x = group(1.9999, -1.9999)
    assert formats.pack_device(x, "bfloat8_b")[:2].tolist() == [2.0, -2.0]


def test_bfloat4_is_nearest_on_the_host_and_truncated_on_the_device():
    x = group(1.0, 0.45, -0.45, 0.7)
    assert formats.pack_host(x, "bfloat4_b")[:4].tolist() == [1.0, 0.5, -0.5, 0.75]
    assert formats.pack_device(x, "bfloat4_b")[:4].tolist() == [1.0, 0.25, -0.25, 0.5]


def test_device_packing_rounds_twice_and_typecast_once():
    # 1 + 1/128 has 8 significant bits; the tie at 7 bits is rounded up before aligning to 2.0.
    x = group(2.0, 1 + 1 / 128)
    assert formats.pack_device(x, "bfloat8_b")[1].item() == 1 + 2 / 64
    assert formats.typecast(x, "bfloat8_b")[1].item() == 1.0


def test_inf_flushes_its_neighbours():
    x = group(float("inf"), 1.0, -float("inf"))
    for pack in (formats.pack_host, formats.pack_device):
        assert pack(x, "bfloat8_b")[:3].tolist() == [float("inf"), 0.0, -float("inf")]


def test_no_negative_zero_and_denormals_vanish():
    x = group(-0.0, 1.0, -1e-6, 1e-40)
    for dtype in BITS:
        for pack in (formats.pack_host, formats.pack_device, formats.typecast):
            assert bits_of(pack(x, dtype)).tolist()[:4] == [0, 0x3F800000, 0, 0]
    assert not bits_of(formats.pack_host(torch.full((3, 16), 1e-40), "bfloat8_b")).any()
    assert not bits_of(formats.pack_host(torch.zeros(2, 16), "bfloat4_b")).any()


def test_groups_run_along_the_chosen_axis_and_end_at_the_edge():
    x = torch.randn(20, 37, generator=torch.Generator().manual_seed(0))
    for pack in (formats.pack_host, formats.pack_device, formats.typecast):
        rows = pack(x, "bfloat8_b", axis=0)
        assert torch.equal(rows, pack(x.t().contiguous(), "bfloat8_b").t())
        padded = torch.nn.functional.pad(x, (0, 11))
        assert torch.equal(pack(x, "bfloat8_b"), pack(padded, "bfloat8_b")[:, :37])


def test_transposed_and_sliced_tensors():
    x = torch.randn(6, 48, 10, generator=torch.Generator().manual_seed(1))
    for view in (x.transpose(1, 2), x[:, ::3], x[1:, 5:, 2:], x.expand(2, 6, 48, 10)):
        for dtype in formats.FORMATS:
            expected = formats.pack_device(view.contiguous(), dtype)
            assert torch.equal(formats.pack_device(view, dtype), expected)


@pytest.mark.parametrize("dtype", ["bfloat16", *BITS])
def test_packing_twice_changes_nothing(dtype):
    x = torch.randn(8, 64, generator=torch.Generator().manual_seed(2)) * 10
    for first in (formats.pack_host, formats.pack_device, formats.typecast):
        once = first(x, dtype)
        for second in (formats.pack_host, formats.pack_device, formats.typecast):
            assert torch.equal(second(once, dtype), once)


def test_float32_is_left_alone():
    x = from_bits(0x7FC00001, 0x80000000, 1, 0x3F800001)
    for pack in (formats.pack_host, formats.pack_device, formats.typecast):
        assert pack(x, "float32") is x


def test_gradient_passes_straight_through():
    x = torch.randn(4, 32, requires_grad=True)
    for dtype in formats.FORMATS:
        (gradient,) = torch.autograd.grad((formats.pack_host(x, dtype) * 3).sum(), x)
        assert torch.equal(gradient, torch.full_like(x, 3))


def test_truncate_goes_toward_zero():
    x = torch.tensor([1.99, -1.99])
    assert formats.truncate(x, 0xFFC00000).tolist() == [1.5, -1.5]


def test_sizes_of_a_tile():
    assert [formats.tile_bytes(d) for d in formats.FORMATS] == [4096, 2048, 1088, 576]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.uint8, torch.bool])
@pytest.mark.parametrize("pack", [formats.pack_host, formats.pack_device])
@pytest.mark.parametrize("stored", ["bfloat16", "bfloat8_b"])
def test_other_types_are_refused_before_a_compiled_loop_reads_them(pack, stored, dtype):
    with pytest.raises(ValueError, match=f"values are {dtype}; legal are torch.float32"):
        pack(torch.zeros(16, dtype=dtype), stored)


def test_unknown_format_is_named():
    with pytest.raises(ValueError, match=r"'bfloat2_b'.*bfloat4_b"):
        formats.pack_host(torch.zeros(16), "bfloat2_b")


@pytest.mark.parametrize("name", ["bfp8", "bfp4"])
def test_typecast_equals_the_simulator(golden, name):
    arrays, _ = golden(f"typecast_bf16_to_{name}")
    dtype = {"bfp8": "bfloat8_b", "bfp4": "bfloat4_b"}[name]
    result = formats.typecast(torch.from_numpy(arrays["in0"]), dtype)
    np.testing.assert_array_equal(bits_of(result), arrays["out"].view(np.uint32))


def test_host_packing_equals_the_simulator(golden, matmul_files):
    for name in matmul_files:
        arrays, attributes = golden(name)
        for operand in ("in0", "in1"):
            dtype = STORED[attributes[operand]]
            result = formats.pack_host(torch.from_numpy(arrays[operand]), dtype)
            np.testing.assert_array_equal(
                bits_of(result), arrays[f"{operand}_q"].view(np.uint32), err_msg=f"{name} {operand}"
            )


STORED = {"f32": "float32", "bf16": "bfloat16", "bfp8": "bfloat8_b", "bfp4": "bfloat4_b"}


@given(patterns=any_pattern)
@settings(max_examples=60, deadline=None)
def test_bfloat16_of_the_host_is_torchs(patterns):
    x = torch.from_numpy(patterns.view(np.float32))
    expected = x.to(torch.bfloat16).to(torch.float32)
    result = formats.pack_host(x, "bfloat16")
    same = (result == expected) | (result.isnan() & expected.isnan())
    assert same.all()


def test_typecast_of_float32_rounds_to_even_on_the_vector_engine():
    edge = [0x3F808000, 0x3F818000, 0x3F808001, 0x00800000, 0x007FFFFF, 0x00000001, 0x80000000]
    special = [0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7FFFFFFF, 0x7F7FFFFF]
    expected = [0x3F800000, 0x3F820000, 0x3F810000, 0x00800000, 0x00800000, 0, 0]
    # The carry of a NaN with all fraction bits set wraps to -0, which the packer makes +0.
    expected += [0x7F800000, 0xFF800000, 0x7F800000, 0xFF800000, 0, 0x7F800000]
    x = torch.from_numpy(np.array(edge + special, np.uint32).view(np.float32))
    result = formats.typecast(x, "bfloat16").numpy().view(np.uint32)
    assert result.tolist() == expected


@pytest.mark.parametrize("dtype", formats.FORMATS)
def test_packing_in_place_gives_the_same_bits(dtype):
    edge = from_bits(0x80000000, 0x7FC00000, 0x00000001, 0x3F808000, 0x7F7FFFFF, 0xFF800000)
    x = torch.cat([edge, torch.randn(58)]).reshape(2, 32)
    for given_ in (x, x.T.contiguous().T, x[:, ::2]):
        expected = formats.pack_device(given_, dtype)
        own = given_.clone() if given_.is_contiguous() else given_
        result = formats.pack_device_(own, dtype)
        assert np.array_equal(bits_of(result), bits_of(expected))


def test_packing_in_place_writes_nothing_beside_a_part():
    x = torch.full((4, 4), 1.001)
    assert formats.pack_device_(x[:, :2], "bfloat16").eq(1).all()
    assert x.eq(torch.tensor(1.001)).all()


@pytest.mark.parametrize(
    ("in_place", "rule"),
    [
        (formats.pack_even_, lambda x: formats.pack_host(x, "bfloat16")),
        (formats.pack_cut_, lambda x: formats.truncate(x, 0xFFFF0000)),
        (lambda x: formats.pack_device_(x, "bfloat16"), lambda x: x),
    ],
)
def test_what_is_packed_in_place_has_the_bits_of_the_packer(in_place, rule):
    patterns = np.random.default_rng(0).integers(0, 2**32, 4096, dtype=np.uint32)
    x = torch.cat([torch.from_numpy(patterns.view(np.float32)), torch.randn(4096)])
    x = torch.cat([x, from_bits(0x80000000, 0x7F800001, 0xFFFFFFFF, 0x7FFFFFFF, 0x00400000)])
    wanted = formats.pack_device(rule(x), "bfloat16")
    given = x.clone()
    packed = in_place(given)
    assert packed.data_ptr() == given.data_ptr()
    assert (bits_of(packed) == bits_of(wanted)).all()
