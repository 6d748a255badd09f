"""What is wrong with an ONNX file."""

from lightning_v2.errors import LightningError


class OnnxError(LightningError, ValueError):
    """An ONNX file that cannot be used; the message names the file or node and what is wrong."""
