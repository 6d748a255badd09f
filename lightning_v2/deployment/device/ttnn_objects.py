"""Words of a plan as objects of ttnn: here, and nowhere else."""

from typing import Any

from lightning_v2.deployment.device.programs import Product, Program, config_of, subblock
from lightning_v2.deployment.device.target import Device
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig

Functions = tuple[tuple[str, dict[str, float]], ...]
"""Functions of one operand in a row: names of ttnn, and their parameters."""


class Words:
    """Formats, kernel configurations and program configs for one device."""

    def __init__(self, device: Device):
        import ttnn

        self._ttnn, self._device = ttnn, device

    def program(self, product: Product, program: Program, config: MatmulProgramConfig) -> Any:
        """The program config of a product with a constant, which ends as `config` says."""
        name, arguments = config_of(product, program)
        if config.fused_activation is not None:
            kind = getattr(self._ttnn.UnaryOpType, config.fused_activation.upper())
            of_gelu = (float(config.fast_and_approximate_mode),) if kind.name == "GELU" else ()
            arguments["fused_activation"] = self._ttnn.UnaryWithParam(kind, *of_gelu)
        return getattr(self._ttnn, name)(**arguments)

    def kernel(self, config: ComputeKernelConfig) -> Any:
        """The compute kernel config."""
        ttnn = self._ttnn
        return ttnn.init_device_compute_kernel_config(
            self._device.handle.arch(),
            math_fidelity=getattr(ttnn.MathFidelity, config.math_fidelity),
            math_approx_mode=config.math_approx_mode,
            fp32_dest_acc_en=config.fp32_dest_acc_en,
            packer_l1_acc=config.packer_l1_acc,
        )

    def dtype(self, name: str) -> Any:
        """The format called `name`."""
        return getattr(self._ttnn, name)

    def activations(self, first: Functions, second: Functions) -> dict[str, list]:
        """What a binary operation is told of functions that it runs on its operands before."""
        names = "input_tensor_a_activations", "input_tensor_b_activations"
        return {
            name: [self._activation(*function) for function in functions]
            for name, functions in zip(names, (first, second), strict=True)
            if functions
        }

    def _activation(self, name: str, parameters: dict[str, float]) -> Any:
        kinds = self._ttnn.UnaryOpType
        given = {
            "clamp": lambda: (kinds.CLAMP_TSS, parameters["min"], parameters["max"]),
            # The zero asks for the accurate one of two.
            "exp": lambda: (kinds.EXP, 0.0),
            "tanh": lambda: (kinds.TANH, 0.0),
            "cos": lambda: (kinds.COS,),
            "sin": lambda: (kinds.SIN,),
        }
        return self._ttnn.UnaryWithParam(*given[name]())

    def batched_program(self, width: int, columns: int, wide: bool) -> Any:
        """For products of a batch: each core has rows of one of them by itself.

        width: tiles of K in one block. columns: tiles of the result. wide: whether Dst has 32 bits.
        """
        return self._ttnn.MatmulMultiCoreReuseProgramConfig(
            compute_with_storage_grid_size=self._device.grid,
            in0_block_w=width,
            out_subblock_h=1,
            out_subblock_w=subblock(columns, wide),
            per_core_M=1,
            per_core_N=columns,
        )
