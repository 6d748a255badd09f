"""Why operations have no lowering: what ttnn 0.81.1 lacks, or nobody knows the bits of."""

_RECURRENT = "ttnn has no recurrent layer, and a program for each step of a sentence is no program"
_ALONG = (
    "a sum along a sentence would count its padding, and its length is no constant of a program"
)
_BY_VALUE = "its shape depends on values, and programs have fixed shapes"
_SCATTERED = "ttnn has no scatter or gather by tuples of indices on tiles"
_NO_RULE = "ttnn has it, but in which order it rounds is not known: the emulator has no rule"

MISSING = {
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization", "BatchNormalization"), _ALONG),
    **dict.fromkeys(
        (f"Reduce{name}" for name in ("Mean", "Sum", "Max", "Min", "L1", "L2", "Prod")), _ALONG
    ),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"), _ALONG),
    **dict.fromkeys(("NonZero", "Range", "Compress"), _BY_VALUE),
    **dict.fromkeys(("GatherND", "ScatterND", "GatherElements", "ScatterElements"), _SCATTERED),
    **dict.fromkeys(("Atan", "CumSum", "Mod", "Where", "PRelu", "LogSoftmax"), _NO_RULE),
    "Pad": "values are padded on the host or by convolutions only",
    "Resize": "samples between frames are placed by numbers that are known in a run only",
    "STFT": "frames of a signal are cut by the host, and its signal is made on the device",
}
"""ONNX operation -> the reason."""
