"""The same, done elsewhere: the command line, the Python and the notebook that give the same numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.dataset import Source
from workbench.errors import InputError
from workbench.explanation.attributions import PATH_DEPENDENT
from workbench.explanation.references import ALL
from workbench.intake import ReadOptions
from workbench.reports import path_of
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.desk.treated import FairnessRequest

MADE = re.compile(r"(\w+), made, seed (\d+)")
SPLITS = ("70/30", "80/20", "70/15/15", "60/20/20", "55/15/15/15")
PROOF = "training"
"""The report that shows a kept study: its figures are the page's."""


@dataclass(frozen=True)
class Calls:
    """How something a page did is done elsewhere.

    Attributes
    ----------
    command : str
        For a POSIX shell, quoted; empty where the command line cannot say it.
    python, notebook : str
        Python as it stands; which notebook with which parameters, or a cell for any notebook.
    note : str
        What to mind; empty where there is nothing.
    """

    command: str
    python: str
    notebook: str
    note: str = ""


def made_name(portfolio: str, seed: int) -> str:
    """Return what made data are called; `MADE` reads it again."""
    return f"{portfolio}, made, seed {seed}"


def of_check(desk: Desk, portfolio: str, source: Source, rows: int, path: str = "") -> Calls:
    """Return how a file is checked elsewhere; `path` is where its bytes lie, if that is known."""
    first, data, note = _data(desk, source, rows, path)
    arguments = ["check", data, "--portfolio", portfolio, *_reading(source)]
    python = _lines(
        desk,
        f"portfolio = here.portfolio({portfolio!r})",
        *_made_or_read(source, rows, data),
        "for finding in here.check(dataset, here.run()).findings:",
        "    print(finding.level, finding.code, finding.column, finding.message)",
    )
    given = {"data": data, "portfolio": portfolio}
    if source.sheet:
        note = f"{note} The notebook takes no sheet: give it a file in which one alone holds data.".strip()
    return Calls("\n".join([*first, _command(desk, *arguments)]), python, _notebook(desk, PROOF, given), note)


def of_training(
    desk: Desk, spec: StudySpec, portfolio: str, dataset_sha256: str, source: Source, rows: int,
    study_id: str, path: str = "",
) -> Calls:  # fmt: skip
    """Return how a study is run again elsewhere, on the same data with the same spec."""
    first, data, note = _data(desk, source, rows, path)
    flags = sampling_flags(spec.sampling)
    same_seed = spec.sampling.seed == spec.seed
    command = ""
    if flags is None or not same_seed:
        note = "The command line cannot say how these samples were drawn; the Python call can."
    else:
        arguments = ["train", data, "--portfolio", portfolio]
        for family in spec.families:
            arguments += ["--family", family]
        arguments += [*flags, "--calibration", spec.calibration]
        arguments += ["--weights", spec.weights] if spec.weights else []
        for code, column, why in spec.acknowledged:
            arguments += ["--acknowledge", f"{code}:{column}" if column else code, "--why", why]
        arguments += ["--seed", str(spec.seed), *_reading(source)]
        command = "\n".join([*first, _command(desk, *arguments)])
    python = _lines(
        desk,
        f"spec = {spec!r}",
        f"request = desk.TrainRequest({portfolio!r}, spec, dataset_sha256={dataset_sha256!r})",
        "outcome = here.train(request, here.run())",
        'print({line.model_id: line.metrics["auc"] for line in outcome.models if line.model_id})',
        imports=("from workbench.sampling import SamplingSpec", "from workbench.study import StudySpec"),
    )
    return Calls(command, python, _notebook(desk, PROOF, {"study": study_id}), note)


def of_comparison(
    desk: Desk, models: Sequence[str], approval: float, on: str = "", segment: str = ""
) -> Calls:
    """Return how models are compared elsewhere: on the rows their studies kept, or on the file `on`."""
    rows = (f", on={on!r}" if on else "") + (f", segment={segment!r}" if segment else "")
    python = _lines(
        desk,
        f"compared = here.compare({list(models)!r}, here.run(){rows}, approval={approval!r})",
        "print(compared.comparison.verdict)",
        'print(compared.comparison.tests[["a", "b", "difference", "low", "high", "p_adjusted"]])',
    )
    narrowing = (["--on", on] if on else []) + (["--segment", segment] if segment else [])
    return Calls(
        _command(desk, "compare", *models, "--approval", f"{approval:g}", *narrowing),
        python,
        ""
        if rows
        else _notebook(desk, "model_comparison", {"models": ",".join(models), "approval": approval}),
        "The notebook compares on all rows that were held out." if rows else "",
    )


def of_explanation(desk: Desk, model_id: str, sample: str, segment: str, kind: str, against: str) -> Calls:
    """Return how what drives a model is told elsewhere, on rows of the data it was made from."""
    asked = {"sample": sample, "segment": segment, "kind": kind, "against": against}
    flags = [part for name, value in asked.items() if value for part in (f"--{name}", value)]
    told = "".join(f", {name}={value!r}" for name, value in asked.items() if value)
    python = _lines(
        desk,
        f"told = overviews.overview(here, {model_id!r}, here.run(){told})",
        "print(told.sentence())",
        'print(told.importance[["title", "importance", "low", "high", "direction"]])',
        imports=["from workbench.desk import overviews"],
    )
    held = kind == PATH_DEPENDENT or against not in ("", ALL)
    note = "The notebook's reasons are held against all of development all the same." if held else ""
    notebook = _notebook(desk, "explanation", {"model": model_id, **asked})
    return Calls(_command(desk, "explain", model_id, *flags), python, notebook, note)


def of_fairness(
    desk: Desk, model_id: str, asked: FairnessRequest, cut_off: float, by: str, path: str = ""
) -> Calls:
    """Return how groups are compared elsewhere; `by` is the attribute that is printed."""
    told = {
        "profile": asked.profile if asked.profile != "none" else "",
        "against": asked.against if asked.against != "declared" else "",
        "segment": asked.segment, "sample": asked.sample,
    }  # fmt: skip
    usual = {name: value for name, value in told.items() if value}
    flags = [word for name, value in usual.items() for word in (f"--{name}", value)]
    data = [path] if path else []
    given = "".join(f", {name}={value!r}" for name, value in {"path": path, **usual}.items() if value)
    python = _lines(
        desk,
        f"asked = desk.FairnessRequest({model_id!r}, cut_off={cut_off!r}{given})",
        "found = here.fairness(asked, here.run()).fairness",
        f"print(found.verdict({by!r}))",
        f'print(found.of({by!r})[["group", "n", "approval_rate", "air", "air_low", "air_high", "q_value"]])',
    )
    parameters = {"model": model_id, "cut_off": cut_off, **usual, "data": path}
    return Calls(
        _command(desk, "fairness", model_id, *data, "--cut-off", repr(cut_off), *flags), python,
        _notebook(desk, "fairness_report", parameters),
        "All protected attributes are looked at, as on this page, so that the tests are of one family.",
    )  # fmt: skip


def of_score(desk: Desk, model_id: str, values: Mapping[str, Any], study_id: str) -> Calls:
    """Return how an applicant is scored elsewhere; the command line scores a file of them."""
    python = _lines(
        desk,
        f"applicant = {dict(values)!r}",
        f"print(here.score_one({model_id!r}, applicant))",
        f"print(reasoner(here, {model_id!r}).one(applicant).sentence())",
        imports=("from workbench.desk.reasoned import reasoner",),
    )
    return Calls(
        _command(desk, "score", model_id, "applicants.csv", "--out", "scored.csv", "--reasons", "4"),
        python,
        _notebook(desk, PROOF, {"study": study_id}),
        "applicants.csv stands for a file of applicants; the notebook shows how the model was made.",
    )


def of_batch(
    desk: Desk, model_id: str, path: str, options: ReadOptions, rename: Mapping[str, str], reasons: int = 0
) -> Calls:
    """Return how a file is scored elsewhere."""
    out = f"{Path(path).stem}_scored.parquet"
    usual = ReadOptions()
    told = {
        name: value for name, value in asdict(options).items()
        if name != "missing" and value != getattr(usual, name)
    }  # fmt: skip
    more = [f", {options!r}" if options != usual else "", f", rename={dict(rename)!r}" if rename else ""]
    more += [f", reasons={reasons}"] if reasons else []
    python = _lines(
        desk,
        f"told = here.score_file({model_id!r}, Path({path!r}), Path({out!r}){''.join(more)})",
        'print(told["rows"], told["scored"], told["refused"], told["decisions"])',
        imports=(
            "from pathlib import Path",
            *(["from workbench.intake import ReadOptions"] if more[0] else []),
        ),
    )
    if rename or set(options.missing) - {""}:
        note = "The command line reads the file as it stands: rename its columns there first."
        if not rename:
            note = "The command line cannot say which texts mean not known; the Python call can."
        return Calls("", python, "", note)
    flags = [word for name, value in told.items() for word in (f"--{name}", value)]
    flags += ["--reasons", str(reasons)] if reasons else []
    return Calls(_command(desk, "score", model_id, path, "--out", out, *flags), python, "")


def of_drift(desk: Desk, model_id: str, path: str, options: ReadOptions, dataset_sha256: str) -> Calls:
    """Return how an extract is held against development elsewhere; a file, or a kept data set."""
    usual = ReadOptions()
    told = f"path={path!r}" if path else f"dataset_sha256={dataset_sha256!r}"
    told += f", options={options!r}" if options != usual else ""
    python = _lines(
        desk,
        f"found = here.drift(desk.DriftRequest({model_id!r}, {told}))",
        "print(found.drift.sentence())",
        'print(found.drift.characteristics[["characteristic", "psi", "psi_99", "ks", "q_value"]])',
        imports=("from workbench.intake import ReadOptions",) if options != usual else (),
    )
    given = {"model": model_id} | ({"data": path} if path else {"dataset": dataset_sha256})
    flags = [
        word for name, value in asdict(options).items()
        if name != "missing" and value != getattr(usual, name) for word in (f"--{name}", value)
    ]  # fmt: skip
    command = _command(desk, "drift", model_id, path, *flags) if path else ""
    note = "" if path else "The command line takes a file; the notebook and Python take a kept data set too."
    return Calls(command, python, _notebook(desk, "drift", given), note)


def of_report(desk: Desk, name: str, parameters: Mapping[str, Any]) -> Calls:
    """Return how a report is run elsewhere with the same parameters."""
    pairs = [argument for key, value in parameters.items() for argument in ("-p", f"{key}={value}")]
    python = _lines(
        desk,
        f"made = reports.run({name!r}, {dict(parameters)!r}, None, here.settings, who=here.who)",
        "print(made.html)",
        imports=("from workbench import reports",),
    )
    return Calls(
        _command(desk, "report", name, *pairs), python, _notebook(desk, name, parameters),
        "Each run is kept apart; where they show the same, their figures are the same.",
    )  # fmt: skip


def of_version(desk: Desk, model_id: str, family: str, study_id: str) -> Calls:
    """Return how a version is shown elsewhere."""
    python = _lines(desk, f"shown = here.show({model_id!r})", 'print(shown["metrics"], shown["trail"])')
    given = {"study": study_id, "family": family}
    return Calls(_command(desk, "show", model_id), python, _notebook(desk, PROOF, given))


def sampling_flags(spec: SamplingSpec) -> list[str] | None:
    """Return the arguments that ask for these samples, or None where no split says them exactly.

    Examples
    --------
    >>> sampling_flags(SamplingSpec.from_split("70/15/15"))
    ['--sampling', 'random', '--split', '70/15/15']
    """
    # beside a first day the last share says nothing, so that any that makes the others round will do
    lasts = range(1, 100) if spec.out_of_time_from else ()
    for split in (*SPLITS, _split(spec), *(_split(spec, last / 100) for last in lasts)):
        try:
            told = SamplingSpec.from_split(split, spec.kind, spec.seed, spec.out_of_time_from)
        except InputError:
            continue
        if told == spec:
            first_day = ["--out-of-time-from", spec.out_of_time_from] if spec.out_of_time_from else []
            return ["--sampling", spec.kind, "--split", split, *first_day]
    return None


def _split(spec: SamplingSpec, last: float = 0.3) -> str:
    """Return the shares written out, development first."""
    last = spec.hold_out if spec.kind != "out-of-time" else spec.out_of_time_share or last
    scale = 1.0 if spec.kind != "out-of-time" else 1.0 - last
    between = [share * scale for share in (spec.validation, spec.calibration) if share]
    shares = [1.0 - last - sum(between), *between, last]
    return "/".join(f"{round(100 * share, 6):g}" for share in shares)


def _data(desk: Desk, source: Source, rows: int, path: str) -> tuple[list[str], str, str]:
    """Return the commands that come first, the file to name, and what to mind of it."""
    found = MADE.fullmatch(source.name)
    if found:
        name, seed = found.groups()
        out = f"{name}.csv"
        arguments = ("generate", name, "--rows", str(rows), "--seed", seed, "--out", out)
        return [_command(desk, *arguments)], out, ""
    if path:
        return [], path, ""
    return [], source.name, "Run it in the folder the file is in: where it lay is not kept."


def _made_or_read(source: Source, rows: int, data: str) -> tuple[str, ...]:
    found = MADE.fullmatch(source.name)
    if found:
        return (f"dataset = here.keep_generated({found[1]!r}, {rows}, {found[2]})",)
    asked = ", ".join(f"{name}={value!r}" for name, value in _unusual(source).items())
    read, options = (
        ("\nfrom workbench.intake import ReadOptions", f", ReadOptions({asked})") if asked else ("", "")
    )
    return (
        f"from pathlib import Path{read}",
        "",
        f"dataset = here.build(Path({data!r}), portfolio{options})",
    )


def _reading(source: Source) -> list[str]:
    """Return the options that say how the file is to be read."""
    return [word for name, value in _unusual(source).items() for word in (f"--{name}", value)]


def _unusual(source: Source) -> dict[str, str]:
    """Return how the file is to be read, where that is not what is usual."""
    if source.form != "csv":
        return {"sheet": source.sheet} if source.sheet else {}
    usual = {"delimiter": ",", "decimal": ".", "encoding": "utf-8"}
    found = {name: getattr(source, name) for name in usual}
    return {k: v for k, v in found.items() if v and v.lower() not in (usual[k], "utf-8-sig")}


def _command(desk: Desk, *arguments: str) -> str:
    home = shlex.quote(str(desk.settings.home.absolute()))
    return f"WORKBENCH_HOME={home} workbench {shlex.join(arguments)}"


def _lines(desk: Desk, *body: str, imports: Sequence[str] = ()) -> str:
    head = [
        "from workbench import desk", *imports, "from workbench.settings import Settings", "",
        f"here = desk.open(Settings(home={str(desk.settings.home.absolute())!r}))",
    ]  # fmt: skip
    return "\n".join([*head, *body])


def _notebook(desk: Desk, name: str, given: Mapping[str, Any]) -> str:
    told = {key: value for key, value in given.items() if value}
    pairs = [argument for key, value in told.items() for argument in ("-p", f"{key}={value}")]
    cell = "\n".join(f"{key} = {value!r}" for key, value in told.items())
    run = _command(desk, "report", name, *pairs)
    notebook = path_of(name).name
    return f"# notebooks/{notebook}, in its cell of parameters:\n{cell}\n\n# or run by\n# {run}"
