"""Names of torch calls that compute nothing on the device."""

HOST_CALLS = frozenset(("_weight_norm",))
"""Calls that make weights of constants: the host's, before it packs them."""

DATA_CALLS = frozenset(
    (
        # views and copies
        "as_strided broadcast_tensors broadcast_to chunk clone contiguous detach diag diagonal "
        "expand expand_as flatten flip hsplit imag movedim moveaxis narrow permute ravel real "
        "reshape reshape_as resolve_conj roll rot90 select split split_with_sizes squeeze swapaxes "
        "swapdims t tensor_split transpose tril triu unbind unflatten unfold unsqueeze view "
        "view_as vsplit _pack_padded_sequence _pad_packed_sequence __get__ __iter__ "
        # joining, repeating, padding
        "block_diag cat column_stack concat concatenate constant_pad_nd dstack hstack meshgrid pad "
        "channel_shuffle pixel_shuffle pixel_unshuffle repeat repeat_interleave stack tile vstack "
        # indexing and selection
        "amax amin cummax cummin embedding gather index_copy index_fill index_put "
        "index_select kthvalue masked_fill masked_scatter masked_select max max_pool1d max_pool2d "
        "median min "
        "scatter select_scatter slice_scatter sort take take_along_dim topk unique where "
        "__getitem__ __setitem__ "
        # conversion, creation, dropout
        "alpha_dropout bernoulli bfloat16 copy cpu cuda double dropout dropout1d dropout2d "
        "empty_like exponential feature_alpha_dropout feature_dropout fill float full_like half "
        "new_empty new_full new_ones new_tensor new_zeros normal ones_like rand_like randn_like "
        "requires_grad resize set to type type_as uniform zero zeros_like __deepcopy__ "
        "__reduce_ex__"
    ).split()
)
"""Calls that only create, move or select values."""
