"""The verbs gathered, and the one translation of errors into sentences and exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer._click.exceptions import ClickException
from typer.core import TyperGroup

from workbench.cli import (
    bins,
    checking,
    explaining,
    fairness,
    generation,
    handing,
    models,
    monitoring,
    output,
    portfolios,
    room,
    service,
    training,
    trying,
)
from workbench.errors import InputError, WorkbenchError
from workbench.run import Cancelled

INTERRUPTED = 130
WRONG_CALL = 2


class Verbs(TyperGroup):
    """The command group whose errors are one sentence on standard error, never a traceback.

    Exit status: 0 done, 1 a check or a gate said no, 2 the call or the input is wrong, 130 interrupted.
    """

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run one verb and leave with its exit status."""
        given = list(sys.argv[1:] if args is None else args)
        sys.exit(self._status(given, *rest, **(named | {"standalone_mode": False})))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order of the work."""
        names = super().list_commands(ctx)
        return sorted(
            names,
            key=lambda name: names.index("portfolios") + 0.5 if name == "portfolio" else names.index(name),
        )

    def _status(self, given: list[str], *rest: Any, **named: Any) -> int:
        try:
            status = super().main(given, *rest, **named)
        except WorkbenchError as error:
            output.failed(error, "--json" in given)
            return error.exit_status
        except (KeyboardInterrupt, typer.Abort, Cancelled):
            status = INTERRUPTED
        except ClickException as error:
            sentence = error.format_message().replace("\n", " ").replace("Value error, ", "").rstrip(".?")
            call = getattr(getattr(error, "ctx", None), "command_path", "workbench")
            if sentence:  # empty where the help was just shown instead
                output.note(f"workbench: {sentence}. See: {call} --help")
            return WRONG_CALL
        except BrokenPipeError:  # the reader, such as head, has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:  # a folder that is not there, is not ours, or is full
            output.failed(_of_the_system(error), "--json" in given)
            return WRONG_CALL
        if status == INTERRUPTED:
            output.note("workbench: stopped.")
        return status if isinstance(status, int) else 0


def _of_the_system(error: OSError) -> InputError:
    """Return what the operating system refused as an error of the call."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    remedy = "Name another place, or see that it is there, is yours and has room."
    return InputError("SYSTEM", f"the system says: {what}", str(error.filename or ""), remedy)


app = typer.Typer(
    cls=Verbs,
    help="Credit-risk analyst workbench: upload an extract, train, judge, register and score.",
    epilog="Where to begin: workbench portfolios",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for group in (
    portfolios,
    generation,
    checking,
    training,
    bins,
    models,
    explaining,
    monitoring,
    fairness,
    handing,
    room,
    service,
    trying,
):
    group.add_to(app)


def main() -> None:
    """Run the command line; the console script ``workbench``."""
    app(prog_name="workbench")
