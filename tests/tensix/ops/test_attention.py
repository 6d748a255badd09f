import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lightning_v2 import tensix
from lightning_v2.tensix.ops.attention import SDPAProgramConfig, scaled_dot_product_attention
from tests.tensix.conftest import golden_files, read_golden

FILE = "attention_cases"
CASES = read_golden(FILE)[1]["cases"]


def patterns(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


def stored(x, dtype="bfloat16"):
    return tensix.Tensor(torch.from_numpy(np.ascontiguousarray(x)), dtype)


def random(*shapes, dtype="bfloat16"):
    generator = torch.Generator().manual_seed(0)
    return [tensix.from_torch(torch.randn(shape, generator=generator), dtype) for shape in shapes]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_against_the_simulator(index):
    file, case = read_golden(FILE)[0], CASES[index]
    q, k, v = (stored(file[f"{name}_{index}"], case["dtype"]) for name in "qkv")
    mask = file.get(f"mask_{index}")
    result = scaled_dot_product_attention(
        q,
        k,
        v,
        attn_mask=None if mask is None else stored(mask),
        is_causal=case["is_causal"],
        scale=case["scale"],
        program_config=SDPAProgramConfig(
            case["q_chunk_size"], case["k_chunk_size"], case["exp_approx_mode"]
        ),
        compute_kernel_config=case["config"] and tensix.ComputeKernelConfig(**case["config"]),
    )
    assert result.dtype == case["dtype"]
    np.testing.assert_array_equal(patterns(result.values), patterns(file[f"out_{index}"]))


@pytest.mark.parametrize("name", golden_files("sdpa_*"))
def test_file(golden, name):
    file, attributes = golden(name)
    result = scaled_dot_product_attention(
        *(stored(file[key]) for key in "qkv"),
        is_causal=attributes["is_causal"],
        program_config=SDPAProgramConfig(exp_approx_mode=attributes["exp_approx_mode"]),
        compute_kernel_config=tensix.ComputeKernelConfig(attributes["math_fidelity"], False),
    )
    np.testing.assert_array_equal(patterns(result.values), patterns(file["out"]))


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_is_near_torch_in_both_tiers(wide, is_causal, arch):
    q, k, v = random((2, 4, 70, 64), (2, 2, 70, 64), (2, 2, 70, 64))
    keys, values = (x.values.repeat_interleave(2, 1) for x in (k, v))
    expected = F.scaled_dot_product_attention(q.values, keys, values, is_causal=is_causal)
    config = tensix.ComputeKernelConfig("HiFi2", fp32_dest_acc_en=wide)
    for tier in tensix.TIERS:
        with tensix.use(tier=tier, arch=arch):
            result = scaled_dot_product_attention(
                q, k, v, is_causal=is_causal, compute_kernel_config=config
            )
        error = (result.values - expected).square().mean() / expected.square().mean()
        assert error.sqrt() < 0.04


def test_mask_hides_keys():
    q, k, v = random(*[(1, 2, 64, 32)] * 3)
    hidden = torch.zeros(1, 1, 64, 64)
    hidden[..., 40:] = -torch.inf
    mask = tensix.from_torch(hidden, "bfloat16")
    changed = k.values.clone()
    changed[:, :, 40:] = 3
    for tier in tensix.TIERS:
        with tensix.use(tier=tier):
            results = [
                scaled_dot_product_attention(q, x, v, attn_mask=mask, is_causal=False).values
                for x in (k, tensix.Tensor(changed, "bfloat16"))
            ]
        assert torch.equal(*results)


def test_fast_tier_keeps_gradients(fast):
    q, k, v = random(*[(1, 1, 32, 32)] * 3)
    q.values.requires_grad_()
    scaled_dot_product_attention(q, k, v).values.sum().backward()
    assert q.values.grad.abs().sum() > 0


def test_errors_name_the_argument():
    q, k = random((1, 2, 32, 32), (1, 1, 64, 32))
    with pytest.raises(ValueError, match="is_causal with 32 queries and 64 keys"):
        scaled_dot_product_attention(q, k, k)
    with pytest.raises(ValueError, match=r"attn_mask has shape \(1, 2, 32, 32\); legal are"):
        scaled_dot_product_attention(q, k, k, attn_mask=q, is_causal=False)
    with pytest.raises(ValueError, match="is_causal is True beside attn_mask"):
        scaled_dot_product_attention(q, q, q, attn_mask=q)
    with pytest.raises(ValueError, match="q_chunk_size is 33; legal are positive multiples of 32"):
        SDPAProgramConfig(33)
