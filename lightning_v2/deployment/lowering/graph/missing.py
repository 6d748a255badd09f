"""Why operations have no lowering: what ttnn 0.81.1 lacks, and what is not emulated."""

_RECURRENT = "ttnn has no recurrent layer, and one written out is another program for every length"
_ALONG = "what is summed along a sentence would count its padding"
_BY_VALUE = "its shape depends on values, and programs have fixed shapes"
_TUPLES = "ttnn has no gather or scatter by tuples of indices"
_INDICES = "ttnn's gather and scatter take indices of the device, where none are computed"
_NO_RULE = "ttnn has it, but the emulator does not: nothing could say whether its bits are right"

MISSING = {
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), _ALONG),
    **dict.fromkeys(
        (f"Reduce{name}" for name in ("Mean", "Sum", "Max", "Min", "L1", "L2", "Prod")), _ALONG
    ),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"), _ALONG),
    **dict.fromkeys(("NonZero", "Compress"), _BY_VALUE),
    **dict.fromkeys(("GatherND", "ScatterND"), _TUPLES),
    **dict.fromkeys(("GatherElements", "ScatterElements"), _INDICES),
    **dict.fromkeys(("Atan", "CumSum", "Mod", "PRelu", "Where"), _NO_RULE),
    "Pad": "padding along a sentence would lie behind that of the device",
    "Resize": "values between others are placed by numbers that are known in a run only",
    "STFT": "a signal of the device is not cut into frames there",
}
"""ONNX operation -> the reason."""
