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
from workbench.reports import shelf
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

    @property
    def key(self) -> str:
        """Name of the folder it lies in."""
        return self.html.parent.name


def run(
    name: str,
    parameters: Mapping[str, Any],
    out: Path | None,
    settings: Settings,
    *,
    watch: Callable[[str, float], None] | None = None,
    now: datetime | None = None,
    who: str = "",
    job_id: str = "",
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
    who, job_id : str
        Who asked, and the job that runs it, kept with the report; a job that is run again goes on in the
        folder it began.

    Raises
    ------
    MissingError
        ``NO_REPORT``.
    InputError
        ``UNKNOWN_PARAMETER``, ``PARAMETER``: before anything runs.
        ``REPORT_FAILED`` where a cell failed; the notebook is kept as far as it came.
    """
    started, at = time.perf_counter(), now or datetime.now(UTC)
    source = asked.path_of(name, folder)
    values = asked.checked(asked.parameters(source), parameters)
    stem = source.stem
    place = (out or shelf.of_job(settings.store, job_id) or _begun(stem, at, settings)).absolute()
    notebook, html = _prepared(place, stem)
    record = {"report": stem.removesuffix("_report"), "title": asked.title_of(source)}
    record |= {"started_at": at.isoformat(), "who": who, "job_id": job_id}
    _write(place / shelf.PARAMETERS, _json(values))
    _write(place / shelf.RECORD, _json(record))
    with shelf.at_work(place):
        try:
            executed = _execute(source, notebook, values, settings, watch)
        except WorkbenchError as error:
            spent = time.perf_counter() - started
            _write(place / shelf.RECORD, _json(record | {"seconds": spent, "error": error.to_json()}))
            raise
        if watch:
            watch("writing the page", 1.0)
        _write(html, html_of(executed))
        seconds = time.perf_counter() - started
        _write(place / shelf.RECORD, _json(record | {"seconds": seconds}))
    return Report(notebook, html, seconds)


def _begun(stem: str, at: datetime, settings: Settings) -> Path:
    """Return the folder of the shelf that a report begun at a moment is written to."""
    return shelf.folder_of(settings.store) / f"{at.strftime(shelf.STAMP)}-{stem.removesuffix('_report')}"


def _prepared(place: Path, stem: str) -> tuple[Path, Path]:
    """Make the folder of a report; return where its notebook and its HTML go."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    notebook, html = place / f"{stem}.ipynb", place / f"{stem}.html"
    notebook.touch()
    notebook.chmod(0o600)  # a cell that fails leaves its error there, wherever the folder is
    html.unlink(missing_ok=True)  # of an earlier run to the same place: it would pass for this one's
    return notebook, html


def _execute(
    source: Path,
    notebook: Path,
    values: Mapping[str, Any],
    settings: Settings,
    watch: Callable[[str, float], None] | None,
) -> Any:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    watched = _watched(watch)
    engine = f"watched-{id(watched)}"
    papermill_engines.register(engine, watched)
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


def _watched(watch: Callable[[str, float], None] | None) -> type:
    """Return papermill's own engine, telling which chapter is under way."""
    from papermill.engines import NBClientEngine

    class Watched(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, *args: Any, **named: Any) -> Any:
            start, total = nb_man.cell_start, max(len(nb_man.nb.cells), 1)

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                start(cell, cell_index=cell_index, **more)
                if watch and cell_index is not None and cell.cell_type == "code":
                    chapter = asked.heading_before(nb_man.nb, cell_index)
                    watch(f"{chapter}, cell {cell_index + 1} of {total}", cell_index / total)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, *args, **named)

    return Watched


def _kernel(settings: Settings) -> type:
    """Return a kernel manager whose kernel is this interpreter, whatever kernels are installed elsewhere."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    environment = {
        "PLOTLY_RENDERER": "plotly_mimetype",  # figures stay data; the HTML gets plotly.js once
        "WORKBENCH_HOME": str(settings.home.absolute()),
        "WORKBENCH_STORE": str(settings.store.absolute()),
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
    if "MemoryError" in error.ename:
        what = f"cell {error.cell_index + 1} needed more memory than there is, or than a job may take"
        remedy = "Use fewer rows, or give the machine more memory. The notebook as far as it came:"
        return InputError("OUT_OF_MEMORY", what, "the report", f"{remedy} {notebook}.")
    # what another error says may quote an applicant's value: it stays in the notebook, the owner's alone
    return _stopped(f"cell {error.cell_index + 1} failed with {error.ename}", notebook)


def _stopped(what: str, notebook: Path) -> InputError:
    return InputError("REPORT_FAILED", what, "the report", f"The notebook as far as it came: {notebook}.")


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file aside and move it into place, so that a reader never meets half of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)
