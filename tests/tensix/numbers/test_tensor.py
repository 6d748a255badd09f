import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.tensix.numbers import formats


@pytest.mark.parametrize("dtype", formats.FORMATS)
def test_packed_by_the_host_and_cast_by_the_device(dtype):
    x = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    stored = tensix.from_torch(x, dtype)
    assert stored.dtype == dtype and stored.shape == x.shape
    assert torch.equal(tensix.to_torch(stored), formats.pack_host(x, dtype))
    cast = tensix.typecast(tensix.from_torch(x, "float32"), dtype)
    assert torch.equal(tensix.to_torch(cast), formats.typecast(x, dtype, source="float32"))
    assert tensix.typecast(stored, dtype) is stored


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (torch.float32, "float32"),
        (torch.float64, "float32"),
        (torch.float16, "float32"),
        (torch.bfloat16, "bfloat16"),
    ],
)
def test_without_a_dtype_the_tensor_keeps_its_own(given, kept):
    stored = tensix.from_torch(torch.full((2, 2), 1 / 3, dtype=given))
    assert stored.dtype == kept
    assert stored.values[0, 0] == torch.tensor(1 / 3, dtype=given).float()


def test_arrays_and_names_of_formats():
    assert tensix.from_torch(np.ones(4, np.float32), tensix.bfloat8_b).dtype == "bfloat8_b"
    assert (tensix.float32, tensix.bfloat16) == ("float32", "bfloat16")


def test_what_comes_back_is_a_copy():
    stored = tensix.from_torch(torch.ones(2))
    tensix.to_torch(stored).zero_()
    assert tensix.to_torch(stored).tolist() == [1, 1]


def test_prepared_forms_are_made_once_and_never_for_training():
    made = []
    for needs_grad, count in ((False, 1), (True, 2)):
        x = tensix.Tensor(torch.ones(2, requires_grad=needs_grad), "float32")
        made.clear()
        for _ in range(2):
            x.form("double", lambda v: made.append(1) or v * 2)
        assert len(made) == count


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tensix.from_torch([1.0]), TypeError, "x is a list; legal are torch tensors"),
        (
            lambda: tensix.from_torch(torch.ones(2, dtype=torch.int32)),
            TypeError,
            "x holds torch.int",
        ),
        (
            lambda: tensix.from_torch(torch.ones(2), "bf16"),
            ValueError,
            "dtype is 'bf16'; legal are",
        ),
        (lambda: tensix.from_torch(torch.tensor(1.0), "bfloat8_b"), ValueError, "no groups of 16"),
        (
            lambda: tensix.to_torch(torch.ones(2)),
            TypeError,
            "x is a Tensor; legal is a tensix.Tens",
        ),
        (
            lambda: tensix.typecast(tensix.from_torch(torch.ones(2)), "int8"),
            ValueError,
            "dtype is 'int8'; legal are 'float32'",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
