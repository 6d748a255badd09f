"""The command `lightning-v2`."""

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lightning_v2.cli import adapt as adapt_command
from lightning_v2.cli import check as check_command
from lightning_v2.cli import compare as compare_command
from lightning_v2.cli import cost as cost_command
from lightning_v2.cli import deploy as deploy_command
from lightning_v2.cli import notebooks as notebooks_command
from lightning_v2.cli import say as say_command
from lightning_v2.cli import search as search_command
from lightning_v2.cli import settings as settings_command
from lightning_v2.cli import streams
from lightning_v2.cli import train as train_command
from lightning_v2.cli import verify as verify_command
from lightning_v2.cli import voices as voices_command
from lightning_v2.cli.arguments import outputs
from lightning_v2.errors import LightningError, LightningWarning
from lightning_v2.files import messages_apart

_WARNINGS = "PYTHONWARNINGS"


def main(arguments: list[str] | None = None) -> int:
    """Run a verb.

    0: done. 1: failed or differs. 2: bad input, the reason is on stderr. 70: a mistake of ours,
    its traceback is on stderr. 130: interrupted. 141: nobody reads standard output any more.

    After ttnn was loaded for `deploy` or `verify` the process ends in here, without the end of the
    interpreter: now and then ttnn hangs in it.
    """
    streams.fill_closed()
    try:
        args = _parser().parse_args(arguments)
        status = _status(args)
    finally:
        streams.flush()
    if args.run in (deploy_command.run, verify_command.run) and "ttnn" in sys.modules:
        os._exit(status)
    return status


def _status(args: argparse.Namespace) -> int:
    try:
        with messages_apart(outputs(args)), warnings.catch_warnings(), _quiet_processes():
            warnings.showwarning = _warn
            status = args.run(args)
        sys.stdout.flush()  # a full disk is an error like others
        return status
    except (LightningError, OSError) as error:
        if isinstance(error, BrokenPipeError) and streams.reader_gone():
            return streams.READER_GONE
        _complain(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    except Exception:
        # 1, which Python would return, is an answer: `check` says with it that a plan differs.
        _complain(traceback.format_exc())
        return os.EX_SOFTWARE


def _warn(message: Warning | str, category: type[Warning], *_: object) -> None:
    """One line, without the place in the code that Python would name. What other packages warn of
    is for who writes programs with them, and is left out."""
    if issubclass(category, LightningWarning):
        _complain(f"warning: {message}")


@contextmanager
def _quiet_processes() -> Iterator[None]:
    """Let processes that are started meanwhile leave out warnings, unless a user says otherwise:
    what their work has to tell comes back with its results."""
    if _WARNINGS in os.environ:
        yield
        return
    os.environ[_WARNINGS] = "ignore"
    try:
        yield
    finally:
        os.environ.pop(_WARNINGS, None)


def _complain(message: str) -> None:
    with suppress(OSError):
        print(message.rstrip(), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lightning-v2",
        description="How little precision can a text-to-speech model run on before anyone can "
        "hear it? Emulates Tenstorrent's arithmetic on a CPU.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    say = verbs.add_parser("say", help="speak a text into a sound file")
    say_command.add_arguments(say)
    say.set_defaults(run=say_command.run)

    compare = verbs.add_parser("compare", help="print what a plan changes, by metric and by layer")
    compare_command.add_arguments(compare)
    compare.set_defaults(run=compare_command.run)

    check = verbs.add_parser("check", help="test whether a plan is equivalent to float32")
    check_command.add_arguments(check)
    check.set_defaults(run=check_command.run)

    search = verbs.add_parser("search", help="find a plan that meets constraints and loses least")
    search_command.add_arguments(search)
    search.set_defaults(run=search_command.run)

    notebooks = verbs.add_parser("notebooks", help="execute the notebooks and write the site")
    notebooks_command.add_arguments(notebooks)
    notebooks.set_defaults(run=notebooks_command.run)

    train = verbs.add_parser("train", help="train a voice: from a teacher, or on recordings")
    train_command.add_arguments(train)
    train.set_defaults(run=train_command.run)

    adapt = verbs.add_parser("adapt", help="fine-tune a voice for a plan, without recordings")
    adapt_command.add_arguments(adapt)
    adapt.set_defaults(run=adapt_command.run)

    deploy = verbs.add_parser("deploy", help="run a voice with ttnn, on a device or a mock of one")
    deploy_command.add_arguments(deploy)
    deploy.set_defaults(run=deploy_command.run)

    verify = verbs.add_parser(
        "verify", help="hold a card, or the simulator, against the exact tier"
    )
    verify_command.add_arguments(verify)
    verify.set_defaults(run=verify_command.run)

    settings = verbs.add_parser("settings", help="print a plan as the settings of ttnn's calls")
    settings_command.add_arguments(settings)
    settings.set_defaults(run=settings_command.run)

    cost = verbs.add_parser("cost", help="model what a sentence takes on a board")
    cost_command.add_arguments(cost)
    cost.set_defaults(run=cost_command.run)

    voices = verbs.add_parser("voices", help="list the voices that can be loaded by name")
    voices.set_defaults(run=voices_command.run)

    doctor = verbs.add_parser("doctor", help="say what this machine can do, and what is missing")
    doctor.add_argument("--json", action="store_true", help="print the same as JSON")
    doctor.set_defaults(run=_doctor)
    return parser


def _doctor(args: argparse.Namespace) -> int:
    from lightning_v2.deployment import doctor

    return doctor.run(args.json)
