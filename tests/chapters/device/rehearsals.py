"""A small rehearsal made by hand."""

import pandas as pd

from lightning_v2.deployment.observed.report import Report, StageReport
from lightning_v2.deployment.rehearsal import Rehearsal

BUCKET = "frames 128, phones 32"
KIB = 1024


def stage(name, bucket, programs):
    return StageReport(
        stage=name,
        bucket=bucket,
        source="mock",
        board="n150",
        arch="wormhole_b0",
        ttnn_version="0.81.1",
        programs=programs,
        by_operation={},
        program_keys=("a",),
        peak_l1_bytes=300 * KIB,
        peak_l1_tensor_bytes=40 * KIB,
        l1_bytes=1000 * KIB,
        dram_read_bytes=2**20,
        dram_written_bytes=2**19,
        uploads=2,
        host_to_device_bytes=8 * KIB,
        downloads=1,
        device_to_host_bytes=16 * KIB,
        setup_bytes=0,
    )


def made_rehearsal():
    """Speech of 90 programs in a row, the last of which reads what the first one wrote."""
    count = 90
    calls = ["ttnn.linear", "ttnn.gelu", "ttnn.layer_norm"] * (count // 3)
    where = {"stage": "speech", "bucket": BUCKET}
    operations = pd.DataFrame(
        {
            **where,
            "call": calls,
            "operation": "MatmulDeviceOperation",
            "operands": "1x128x192 bfloat16 tile, L1 interleaved",
            "results": "1x128x192 bfloat16 tile, L1 interleaved",
            "cores": 8,
            "program_l1_bytes": 100,
            "l1_bytes": [1200 * KIB] + [300 * KIB] * (count - 1),
            "math_fidelity": "LoFi",
        }
    )
    nodes = pd.DataFrame(
        {
            **where,
            "node": range(count + 2),
            "kind": ["upload"] + ["operation"] * count + ["resident"],
            "call": ["ttnn.to_device", *calls, ""],
            "label": ["Tensor::to_device"] + ["MatmulDeviceOperation"] * count + ["weights"],
        }
    )
    pairs = [(i, i + 1) for i in range(count)] + [(1, count), (2, 5), (count + 1, 7)]
    edges = pd.DataFrame(
        {
            **where,
            "source": [source for source, _ in pairs],
            "target": [target for _, target in pairs],
            "tensor": "1x128x32 bfloat16 tile, DRAM interleaved",
            "memory": "DRAM interleaved",
            "bytes": 8192,
        }
    )
    product = {
        "m": 128, "k": 224, "n": 192, "in0": "bfloat16", "in1": "bfloat8_b",
        "output": "bfloat16", "math_fidelity": "LoFi", "fp32_dest_acc_en": True,
        "in0_block_w": 7, "program": "blocks", "cores": 24, "cycles": 750,
        "rows_cycles": None, "columns_cycles": 2286.0, "blocks_cycles": 750.0,
        "l1_bytes": 50048, "reason": "blocks on 6x4: 750 cycles, by the NoC",
    }  # fmt: skip
    report = Report(
        [
            stage("encode", "phones 32", 20),
            stage("prosody", BUCKET, 10),
            stage("speech", BUCKET, 90),
        ]
    )
    return Rehearsal(
        plan="mine",
        board="n150",
        arch="wormhole_b0",
        ttnn_version="0.81.1",
        grid=(8, 8),
        seconds=1.0,
        report=report,
        operations=operations,
        steps=(),
        nodes=nodes,
        edges=edges,
        programs=pd.DataFrame([product]),
    )
