"""Names of torch calls that compute nothing on the device."""

HOST_CALLS = frozenset(("_weight_norm",))
"""Calls that make weights of constants: the host's, before it packs them."""

LEAVING_CALLS = frozenset("item numpy tolist __array__ __complex__ __dlpack__ __float__".split())
"""Calls that hand the values of a tensor to Python, NumPy or another library."""

DATA_CALLS = frozenset(
    (
        # views and copies
        "adjoint as_strided atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to chunk "
        "clone complex conj contiguous detach diag diag_embed diagflat diagonal expand expand_as "
        "flatten flip fliplr flipud hsplit imag moveaxis movedim narrow permute ravel real "
        "reshape reshape_as resolve_conj roll rot90 select split split_with_sizes squeeze "
        "swapaxes swapdims t tensor_split transpose tril triu unbind unflatten unfold unsqueeze "
        "view view_as view_as_complex view_as_real vsplit __get__ __iter__ _pack_padded_sequence "
        "_pad_packed_sequence "
        # joining, repeating, padding
        "block_diag cat channel_shuffle column_stack concat concatenate constant_pad_nd dstack "
        "hstack meshgrid pad pad_sequence pixel_shuffle pixel_unshuffle repeat repeat_interleave "
        "row_stack stack tile vstack "
        # indexing and selection
        "adaptive_max_pool1d adaptive_max_pool2d amax amin aminmax cummax cummin diagonal_scatter "
        "embedding gather index_copy index_fill index_put index_select kthvalue masked_fill "
        "masked_scatter masked_select max max_pool1d max_pool2d max_pool3d median min mode msort "
        "nanmedian scatter select_scatter slice_scatter sort take take_along_dim topk unique "
        "where __getitem__ __setitem__ "
        # conversion, creation, dropout
        "alpha_dropout as_tensor asarray bernoulli bfloat16 cdouble cfloat chalf copy cpu cuda "
        "double dropout dropout1d dropout2d empty_like exponential feature_alpha_dropout "
        "feature_dropout fill float from_numpy full_like half new_empty new_full new_ones "
        "new_tensor new_zeros normal ones_like rand_like randn_like requires_grad resize set "
        "tensor to type type_as uniform zero zeros_like __deepcopy__ __reduce_ex__ "
    ).split()
)
"""Calls that only create, move or select values."""


def computes(name: str, args: tuple, kwargs: dict[str, object]) -> bool:
    """Whether a call in `DATA_CALLS` adds or multiplies, because its arguments say so."""
    accumulates = name.startswith("index_put") and (kwargs.get("accumulate") or any(args[3:4]))
    return bool(accumulates or kwargs.get("reduce"))


def writes(name: str, kwargs: dict[str, object]) -> bool:
    """Whether a call may write to an argument, or lets somebody do it whom no torch call tells."""
    if name.startswith("__"):
        return name == "__setitem__" or name.startswith("__i") or name in LEAVING_CALLS
    return name.endswith("_") or name in LEAVING_CALLS or kwargs.get("out") is not None
