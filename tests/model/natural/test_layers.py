import pytest
import torch

from lightning_v2.model.natural.layers import DepthwiseConv


@pytest.mark.parametrize("dilation", [1, 4])
def test_it_trains_as_it_speaks(dilation):
    torch.manual_seed(0)
    convolution, x = DepthwiseConv(64, 7, dilation), torch.randn(2, 20, 64)
    trained = convolution(x)
    spoken = convolution.eval()(x)
    torch.testing.assert_close(spoken, trained)
