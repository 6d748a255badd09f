"""A plan as the settings of ttnn's calls, site by site: for who writes a port in ttnn."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from lightning_v2.deployment.cycles import operand_formats, product_of, site_cycles
from lightning_v2.deployment.device.programs import Grid, Product, ProgramError, choices, config_of
from lightning_v2.deployment.lowering.fused_calls import FusedCalls
from lightning_v2.deployment.lowering.single_calls import SingleCalls
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.numbers.configuration import GRIDS, ComputeKernelConfig
from lightning_v2.tensix.numbers.sites import Site, SitePrecision
from lightning_v2.tensix.programs.matmul import choose

_GROUPED = ("norm", "softmax")


def ttnn_settings(
    voice: Voice | Sequence[Site],
    plan: Plan | str | Path,
    text: str | None = None,
    arch: str = "wormhole_b0",
) -> dict[str, dict[str, object]]:
    """What a plan says of every site, in the words of ttnn 0.81.1: numbers, words, dicts and None.

    Names of formats are those of `ttnn`, and of fidelities those of `ttnn.MathFidelity`.

    Args:
        voice: from `lightning_v2.load`, a `ModuleVoice`, or the sites of any module
            (`tensix.trace`).
        plan: name, path or `Plan`.
        text: that decides lengths; if not given a pangram, or the first of a voice that speaks no
            others.
        arch: "wormhole_b0" or "blackhole".

    Returns:
        In the order of their first run, site -> op; calls and shapes (of the first call, operands
        first, result last); activations, weights, bias_and_scale and output, dtypes; then, None
        where the operation has none of it,

            weights_rounding       see `SitePrecision`: before the weights are packed
            compute_kernel_config  arguments of `ttnn.WormholeComputeKernelConfig`
            conv_config            arguments of `ttnn.Conv2dConfig` and `Conv1dConfig`
            math_approx_mode       of the vector engine
            program                class and arguments of a program config of `ttnn.linear`, for
                                   products with a constant; with in0_block_w as it was emulated
            program_reason         why that program, or why none
            after                  the site whose work the program of this one does first, see
                                   `SiteCall`
            cycles                 *modelled*, of all calls; see `deployment.cycles`

    Raises:
        PlanError: the plan does not parse or does not fit the voice.
    """
    if isinstance(voice, Voice):
        sites, calls = voice_sites(voice, text), SingleCalls(voice.model)
    else:
        sites, calls = list(voice), None
    plan = for_voice(Plan.of(plan), sites)
    plan.check(sites)
    fused = FusedCalls(voice.model, plan.for_site) if calls else None
    found = {}
    for site in sites:
        precision = plan.for_site(site)
        lowered = calls.precision(precision, site) if calls else precision
        after = fused.first(site.name, site.op) if fused else None
        found[site.name] = {**_settings(site, lowered, arch), "after": after}
    return found


def _settings(site: Site, precision: SitePrecision, arch: str) -> dict[str, object]:
    engine = OPERATIONS[site.op].engine if site.op in OPERATIONS else "other"
    configured = engine == "matrix" or site.op.endswith(_GROUPED)
    convolves = site.op.startswith("conv")
    integers = precision.output == "uint32"
    product, reason = _product(site, precision, arch)
    program, cycles = None, None
    if product is not None:
        program, reason = _program(product, GRIDS[arch])
    if site.macs:
        try:
            cycles = site_cycles(site, precision, GRIDS[arch])
        except ProgramError as error:
            reason = str(error)
    return {
        "op": site.op,
        "calls": site.calls,
        "shapes": [list(shape) for shape in site.shapes],
        "activations": None if integers else precision.activations,
        "weights": precision.weights if site.weights else None,
        "bias_and_scale": precision.vectors if site.vectors else None,
        "output": precision.output,
        "weights_rounding": precision.weights_rounding if site.weights else None,
        "compute_kernel_config": _kernel(precision) if configured else None,
        "conv_config": {"weights_dtype": precision.weights} if convolves else None,
        "math_approx_mode": precision.math_approx_mode if engine == "vector" else None,
        "program": program,
        "program_reason": reason,
        "cycles": cycles,
    }


def _kernel(precision: SitePrecision) -> dict[str, object]:
    names = ("math_fidelity", "math_approx_mode", "fp32_dest_acc_en", "packer_l1_acc")
    return asdict(ComputeKernelConfig(**{name: getattr(precision, name) for name in names}))


def _product(site: Site, precision: SitePrecision, arch: str) -> tuple[Product | None, str]:
    """The product that a program config is for, with blocks of K as they were emulated."""
    one_matrix = len(site.shapes[1]) == 2 or site.has_left_constant
    if site.op not in ("linear", "matmul") or not site.weights or not one_matrix:
        return None, "no product with a constant matrix"
    left, result = site.shapes[0], site.shapes[-1]
    if precision.in0_block_w is None:
        in0, in1 = operand_formats(site, precision)
        chosen = choose(
            left[-2] if len(left) > 1 else 1,
            left[-1],
            result[-1],
            in0=in0,
            in1=in1,
            output=precision.output,
            bias=precision.vectors if site.vectors and precision.output != "float32" else None,
            fp32_dest_acc_en=precision.fp32_dest_acc_en,
            shared_in0=False,
            arch=arch,
            grid=GRIDS[arch],
        )
        precision = replace(precision, in0_block_w=chosen.in0_block_w)
    return product_of(site, precision), ""


def _program(product: Product, grid: Grid) -> tuple[dict[str, object] | None, str]:
    """Class and arguments of a program config, and why."""
    try:
        program = choices(product, grid)[0]
    except ProgramError as error:
        return None, str(error)
    name, arguments = config_of(product, program)
    return {"class": name, **arguments}, program.reason
