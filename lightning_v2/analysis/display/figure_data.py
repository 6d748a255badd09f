"""The numbers behind a figure or a table, as files that travel inside a notebook's output."""

import base64
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd

DATA_TYPE = "application/vnd.lightning-v2.data+json"
"""MIME type under which a notebook keeps them: a list of {"name", "base64"}."""

Data = Mapping[str, pd.DataFrame | Mapping[str, np.ndarray]]
"""File name without ending -> a table (becomes CSV) or named arrays (become NPZ). Units stand in
the names of columns and arrays, as everywhere."""


def files(data: Data) -> dict[str, bytes]:
    """File name -> content."""
    found = {}
    for name, content in data.items():
        if isinstance(content, pd.DataFrame):
            found[f"{name}.csv"] = content.to_csv(index=False).encode()
        else:
            packed = io.BytesIO()
            np.savez_compressed(packed, **content)
            found[f"{name}.npz"] = packed.getvalue()
    return found


def bundle(data: Data) -> list[dict[str, str]]:
    """The files as a notebook's output holds them, under `DATA_TYPE`."""
    return [
        {"name": name, "base64": base64.b64encode(content).decode("ascii")}
        for name, content in files(data).items()
    ]


def unbundle(stored: list[dict[str, str]]) -> dict[str, bytes]:
    """File name -> content, of what `bundle` made."""
    return {entry["name"]: base64.b64decode(entry["base64"]) for entry in stored}
