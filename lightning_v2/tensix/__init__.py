"""The arithmetic of Tensix cores on a CPU, and the interception that runs any module in it."""

from lightning_v2.tensix.formats import FORMATS
from lightning_v2.tensix.interception import Interception, Unemulated, intercept, lower, trace
from lightning_v2.tensix.operations import OPERATIONS, register
from lightning_v2.tensix.sites import FIDELITIES, Site, SitePrecision

__all__ = [
    "FIDELITIES",
    "FORMATS",
    "OPERATIONS",
    "Interception",
    "Site",
    "SitePrecision",
    "Unemulated",
    "intercept",
    "lower",
    "register",
    "trace",
]
