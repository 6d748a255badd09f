"""`lightning-v2 verify`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from lightning_v2.cli.arguments import JSON_FILE, add_output
from lightning_v2.deployment.device.target import BOARDS, open_device

if TYPE_CHECKING:
    from lightning_v2.deployment.device.target import Device
    from lightning_v2.deployment.verification.verification import Verification

TARGETS = ("silicon", "simulator")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Run chosen operations and one sentence with ttnn on a card or on the simulator, hold "
        "every value against the exact tier, say in words what differs, and write one file to "
        "send to the project. Never yet run on a card: who has one ends that."
    )
    parser.add_argument("--target", choices=TARGETS, required=True, help="what to run on")
    parser.add_argument("--board", choices=BOARDS, help="the one that must be there")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="GROUP",
        help="groups of cases: products, blocks, packing, … (default: all)",
    )
    add_output(
        parser,
        "-o",
        "--output",
        metavar="FILE.json",
        help="the file to send: versions, board, firmware, digests, differences (default: "
        "verification-BOARD.json)",
    )


def run(args: argparse.Namespace) -> int:
    """0: every value is that of the exact tier. 1: some are not, or ttnn refused a case."""
    from lightning_v2.deployment.verification.verification import chosen_groups
    from lightning_v2.deployment.verification.words import table
    from lightning_v2.files import check_output

    groups = chosen_groups(args.only)
    if args.output:
        check_output(args.output, *JSON_FILE)
    with open_device(args.target, args.board) as device:
        path = args.output or f"verification-{device.board}.json"
        check_output(path, *JSON_FILE)
        found = _verified(device, groups, path)
    print(f"\n{table(found)}")
    print(f'\nwritten to {path}: please send it to the project (docs/limits.md, "Silicon")')
    return 0 if found.agrees else 1


def _verified(device: Device, groups: list[str], path: str) -> Verification:
    """What was found, which is written after each group: a device may hang in the next."""
    from lightning_v2.deployment.verification.on_device import Operations
    from lightning_v2.deployment.verification.verification import (
        Verification,
        case_rows,
        estimate,
        origin,
        site_count,
        site_rows,
        stored_cases,
    )
    from lightning_v2.files import write_output
    from lightning_v2.progress import bar

    (cases, arrays), found = stored_cases(), Verification(origin(device))
    chosen = {
        name: [(i, case) for i, case in enumerate(cases) if case["group"] == name]
        for name in groups
    }
    calls, sites = sum(map(len, chosen.values())), site_count(groups)
    columns, rows = device.grid
    print(
        f"{device.target} {device.board} ({device.arch}, {columns} x {rows} cores): {calls} calls "
        f"and {sites} sites; on a card {estimate(calls, sites) / 60:.1f} minutes (modelled)",
        flush=True,
    )
    with bar(calls + sites, "case") as shown:
        run = Operations(device)
        for name, own in chosen.items():
            shown.set_postfix_str(name, refresh=False)
            if own:
                new = case_rows(run, device.arch, own, arrays, device.grid)
            else:
                new = site_rows(device)
            for row in new:
                found.rows.append(row)
                shown.update()
            found.complete = name == groups[-1]
            write_output(path, json.dumps(found.to_dict(), indent=1) + "\n")
    return found
