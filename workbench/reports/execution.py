"""Run a report's notebook in a kernel of this very interpreter."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import GateError, InputError, WorkbenchError
from workbench.reports import catalogue as asked
from workbench.reports.rendering import html_of

if TYPE_CHECKING:
    from workbench.settings import Settings

CELL_SECONDS = 1800
START_SECONDS = 120


@dataclass(frozen=True)
class Report:
    """An executed report.

    Attributes
    ----------
    notebook : Path
        The executed notebook, for a data scientist to go on with.
    html : Path
        One file that opens offline and prints to A4.
    seconds : float
        How long it took.
    """

    notebook: Path
    html: Path
    seconds: float


def run(
    name: str,
    parameters: Mapping[str, Any],
    out: Path | None,
    settings: Settings,
    *,
    watch: Callable[[str, float], None] | None = None,
    now: datetime | None = None,
    folder: Path = asked.NOTEBOOKS,
) -> Report:
    """Run a report and write the executed notebook and its HTML.

    Parameters
    ----------
    name : str
        The notebook's stem; ``_report`` may be left off.
    parameters : mapping
        Values by name; text is read as the type the notebook declares.
    out : Path, optional
        Folder to write to; ``<home>/reports/<UTC>-<name>`` where there is none.
    watch : callable, optional
        Called with a step in words and the share done, 0 to 1.
    now : datetime, optional
        Time the folder is named after; the clock's where there is none.

    Raises
    ------
    MissingError
        ``NO_REPORT``.
    InputError
        ``UNKNOWN_PARAMETER``, ``PARAMETER``: before anything runs.
        ``REPORT_FAILED`` where a cell failed; the notebook is kept as far as it came.
    """
    started = time.perf_counter()
    source = asked.path_of(name, folder)
    values = asked.checked(asked.parameters(source), parameters)
    stem = source.stem
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S%fZ")
    place = (out or settings.home / "reports" / f"{stamp}-{stem.removesuffix('_report')}").absolute()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    notebook, html = place / f"{stem}.ipynb", place / f"{stem}.html"
    notebook.touch()
    notebook.chmod(0o600)  # a cell that fails leaves its error there, wherever the folder is
    _write(place / "parameters.json", json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    executed = _execute(source, notebook, values, settings, watch)
    _write(html, html_of(executed))
    return Report(notebook, html, time.perf_counter() - started)


def _execute(
    source: Path,
    notebook: Path,
    values: Mapping[str, Any],
    settings: Settings,
    watch: Callable[[str, float], None] | None,
) -> Any:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    class Watched(NBClientEngine):
        """papermill's own engine, telling how many cells are done."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, *args: Any, **named: Any) -> Any:
            complete, total = nb_man.cell_complete, max(len(nb_man.nb.cells), 1)

            def cell_complete(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                complete(cell, cell_index=cell_index, **more)
                if watch and cell_index is not None:
                    watch("running the report", (cell_index + 1) / total)

            nb_man.cell_complete = cell_complete
            return super().execute_managed_notebook(nb_man, *args, **named)

    engine = f"watched-{id(Watched)}"
    papermill_engines.register(engine, Watched)
    try:
        return papermill.execute_notebook(
            asked.verbatim(source),
            asked.verbatim(notebook),
            parameters=dict(values),
            kernel_name="python3",
            language="python",
            engine_name=engine,
            kernel_manager_class=_kernel(settings),
            progress_bar=False,
            start_timeout=START_SECONDS,
            execution_timeout=CELL_SECONDS,
        )
    except PapermillExecutionError as error:
        raise _failure(error, notebook) from None
    except CellTimeoutError:
        raise _stopped(f"a cell took longer than {CELL_SECONDS // 60} minutes", notebook) from None
    except DeadKernelError:
        raise _stopped("its Python process ended, most often for want of memory", notebook) from None
    finally:
        papermill_engines._engines.pop(engine, None)


def _kernel(settings: Settings) -> type:
    """Return a kernel manager whose kernel is this interpreter, whatever kernels are installed elsewhere."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    environment = {
        "PLOTLY_RENDERER": "plotly_mimetype",  # figures stay data; the HTML gets plotly.js once
        "WORKBENCH_HOME": str(settings.home.absolute()),
        "WORKBENCH_DATABASE_URL": settings.database_url,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"]
    spec = KernelSpec(argv=argv, display_name="workbench", language="python", env=environment)
    return type("ThisInterpreter", (AsyncKernelManager,), {"kernel_spec": spec})


def _failure(error: Any, notebook: Path) -> WorkbenchError:
    """Word a failed cell: the workbench's own errors keep their sentence, others name cell and type."""
    told = str(error.evalue).strip().splitlines()
    sentence = told[0] if told else "no message"
    if error.ename == GateError.__name__:
        return GateError("REPORT_FAILED", sentence, remedy=f"The notebook as far as it came: {notebook}.")
    own = {kind.__name__ for kind in WorkbenchError.__subclasses__()}
    if error.ename in own:
        return _stopped(sentence, notebook)
    # what another error says may quote an applicant's value: it stays in the notebook, the owner's alone
    return _stopped(f"cell {error.cell_index + 1} failed with {error.ename}", notebook)


def _stopped(what: str, notebook: Path) -> InputError:
    return InputError("REPORT_FAILED", what, "the report", f"The notebook as far as it came: {notebook}.")


def _write(path: Path, text: str) -> None:
    """Write a file aside and move it into place, so that a reader never meets half of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)
