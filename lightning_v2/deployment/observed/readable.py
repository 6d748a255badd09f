"""A report in units that are read, for a terminal and for a notebook."""

import pandas as pd

from lightning_v2.deployment.observed.report import Report, StageReport

KIB, MIB = 2**10, 2**20


def readable(report: Report) -> pd.DataFrame:
    """A row for each stage and bucket, in words; the unit of a number stands in its column's name.

    programs: issued, and in brackets how many are distinct. of L1: share of what a core has. DRAM:
    read + written, modelled. to device, to host: with the number of transfers.
    """
    return pd.DataFrame(map(_row, report.stages))


def origin(report: Report) -> str:
    """Where the figures of `readable` come from, as a sentence."""
    words = report.provenance()
    counted = "; ".join(words[source] for source in dict.fromkeys(x.source for x in report.stages))
    return f"Programs, L1 and transfers {counted}. DRAM traffic {words['dram']}."


def _row(stage: StageReport) -> dict[str, str]:
    read, written = stage.dram_read_bytes / MIB, stage.dram_written_bytes / MIB
    return {
        "stage": stage.stage,
        "bucket": stage.bucket,
        "programs": f"{stage.programs} ({stage.distinct_programs})",
        "peak L1 a core, KiB": f"{stage.peak_l1_bytes / KIB:.0f}",
        "of L1": f"{stage.peak_l1_bytes / stage.l1_bytes:.0%}",
        "DRAM, MiB": f"{read:.2f} + {written:.2f}",
        "to device, KiB": f"{stage.host_to_device_bytes / KIB:.0f} in {stage.uploads}",
        "to host, KiB": f"{stage.device_to_host_bytes / KIB:.0f} in {stage.downloads}",
    }
