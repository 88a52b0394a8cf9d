"""The desk: settings, who acts and a clock, with every use case as a method."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import checks, proposal, registry, study
from workbench.checks import Checks
from workbench.dataset import Acknowledged, Dataset, Table, build
from workbench.desk import (
    comparing,
    differences,
    explaining,
    handing,
    made,
    monitoring,
    promoting,
    reading,
    removing,
    replays,
    scored,
    scoring_files,
    seen,
    trainings,
    treated,
)
from workbench.desk.comparing import Compared
from workbench.desk.monitored import Monitored
from workbench.desk.removing import Use
from workbench.desk.replays import Replay
from workbench.desk.requests import DriftRequest, ScoreRequest, TrainOutcome, TrainRequest
from workbench.desk.scored import Batch
from workbench.desk.seen import Seen
from workbench.desk.treated import FairnessRequest, Treated
from workbench.errors import Problem
from workbench.evaluation import Evaluation
from workbench.explanation import Explainer
from workbench.exports import Exported
from workbench.intake import PortfolioShelf, ReadOptions
from workbench.portfolio import Portfolio
from workbench.registry import ModelRow, Removal
from workbench.run import Run
from workbench.scoring import Score, Scorer
from workbench.settings import Settings
from workbench.study import Study, StudySpec
from workbench.training import TrainedModel

if TYPE_CHECKING:
    import pandas as pd

    from workbench.registry.registry import Registry


def _utc_now() -> datetime:
    return datetime.now(UTC)


def open(settings: Settings | None = None, who: str = "") -> Desk:
    """Return a desk with the settings of the environment and the operating system's user."""
    return Desk(settings or Settings.from_env(), who or getpass.getuser(), _utc_now)


@dataclass(frozen=True)
class Desk:
    """Where the rooms, the files and the registry come together.

    Parameters
    ----------
    settings : Settings
    who : str
        Who acts; written into the trail.
    now : callable
        Returns the time, aware, in UTC.
    """

    settings: Settings
    who: str
    now: Callable[[], datetime]

    @cached_property
    def shelf(self) -> PortfolioShelf:
        """Shipped and saved portfolios."""
        return PortfolioShelf(self.settings.store)

    @cached_property
    def registry(self) -> Registry:
        """Versions, stages and the trail."""
        return registry.open(self.settings)

    def of(self, who: str) -> Desk:
        """Return the same desk, its registry open as it is, with someone else acting."""
        other = replace(self, who=who)
        other.__dict__.update(shelf=self.shelf, registry=self.registry)
        return other

    def run(self, watch: Callable[[str, float], None] | None = None) -> Run:
        """Return a run with the settings' threads that reports to `watch`."""
        return Run(self.settings.threads) if watch is None else Run(self.settings.threads, watch)

    def portfolio(self, name: str) -> Portfolio:
        """Return a portfolio by name, ``name@version`` or TOML file."""
        return self.shelf.find(name)

    def read(
        self,
        path: Path,
        portfolio: Portfolio | None = None,
        options: ReadOptions | None = None,
        name: str = "",
        run: Run | None = None,
    ) -> Table:
        """Read a file, apart from this process; `name` is what to call it where its path is not known.

        ``sql:NAME`` and ``sql:NAME/TABLE`` are the rows of a configured source.
        """
        return reading.read(self, Path(path), portfolio, options, name, run)

    def sheets(self, path: Path, name: str = "") -> tuple[str, ...]:
        """Return the sheets of an Excel file that hold data."""
        return reading.sheets(self, Path(path), name)

    def propose(
        self,
        table: Table,
        name: str,
        bad: tuple[str, tuple[str, ...]] | None = None,
        kind: str = "application",
        *,
        good: tuple[str, ...] = (),
        indeterminate: tuple[str, ...] = (),
    ) -> proposal.Proposal:
        """Draft a portfolio from a table."""
        return proposal.propose(table, name=name, bad=bad, good=good, indeterminate=indeterminate, kind=kind)

    def keep(self, table: Table, portfolio: Portfolio) -> Dataset:
        """Check a table's types against a portfolio and keep what came out, and the portfolio with it.

        Raises
        ------
        InputError
            ``PORTFOLIO_VERSION`` where another portfolio of that name and version is on the shelf.
        """
        dataset = build(table, portfolio)
        self.shelf.put(portfolio)
        self.registry.save_dataset(dataset, who=self.who, when=self.now())
        return dataset

    def build(self, path: Path, portfolio: Portfolio, options: ReadOptions | None = None) -> Dataset:
        """Read a file of a portfolio, check its types, keep it."""
        return self.keep(self.read(path, portfolio, options), portfolio)

    def generate(self, name: str, out: Path, rows: int | None = None, seed: int = 42) -> dict[str, Any]:
        """Write made data of a shipped portfolio; same arguments, same bytes."""
        return made.generate_file(name, Path(out), rows, seed)

    def keep_generated(
        self, name: str, rows: int | None = None, seed: int = 42, run: Run | None = None
    ) -> Dataset:
        """Make data of a shipped portfolio, check them and keep them, as if they had been brought."""
        return made.keep_generated(self, name, rows, seed, run or Run())

    def keep_public(self, name: str, run: Run | None = None) -> Dataset:
        """Fetch a public set from where it is published, check it and keep it under its portfolio.

        Raises
        ------
        WorkbenchError
            Where it cannot be fetched, saying what to do; nothing is kept then.
        """
        from workbench.desk import fetched

        return fetched.keep_public(self, name, run or Run())

    def dataset(self, sha256: str, portfolio: Portfolio, reading: str = "") -> Dataset:
        """Return a kept data set as it was read from one file; from the last one where none is named."""
        return self.registry.load_dataset(sha256, portfolio, reading)

    def acknowledge(self, dataset: Dataset, code: str, column: str, why: str) -> None:
        """Keep why a finding does not stop training on these data under their portfolio."""
        self.registry.acknowledge(dataset, code, column, why=why, who=self.who, when=self.now())

    def acknowledged(self, dataset: Dataset) -> Acknowledged:
        """Return the reasons given to findings on these data under their portfolio."""
        return {(row.code, row.column): row.why for row in self.registry.acknowledged(dataset)}

    def check(self, dataset: Dataset, run: Run, acknowledged: Acknowledged | None = None) -> Checks:
        """Look for what makes data unfit to train on."""
        return checks.check(dataset, run, acknowledged=acknowledged or {})

    def train(self, request: TrainRequest, run: Run) -> TrainOutcome:
        """Run a study, keep it, and register its models.

        What stayed of one that is stopped is a note on the exception, and is told by `stayed`.
        """
        return trainings.train(self, request, run)

    def request(self, dataset: Dataset, spec: StudySpec) -> TrainRequest:
        """Return the request to train on a kept data set, as it was read from its file."""
        return TrainRequest(
            dataset.portfolio.identity,
            spec,
            dataset_sha256=dataset.sha256,
            reading_sha256=self.registry.reading_of(dataset),
        )

    def stayed(self, *, job_id: str = "", study_id: str = "") -> str:
        """Return a sentence on what is kept of a training that was stopped."""
        return trainings.stayed(self, job_id, study_id)

    def study(self, study_id: str) -> Study:
        """Return a kept study."""
        return study.from_files(self.registry.load_study(study_id))

    def model(self, reference: str) -> TrainedModel:
        """Return a verified model by id, ``portfolio@champion`` or ``portfolio@latest``."""
        return self.registry.load(reference)

    def scorer(self, reference: str) -> Scorer:
        """Return a scorer of a verified model."""
        return Scorer(
            self.model(reference), threads=self.settings.threads,
            golden=lambda: self.registry.golden(reference).frame,
        )  # fmt: skip

    def explainer(self, reference: str) -> Explainer:
        """Return what computes exact Shapley values of a verified model."""
        return explaining.explainer(self, reference)

    def score_one(self, reference: str, row: Mapping[str, Any]) -> Score:
        """Score one applicant."""
        return self.scorer(reference).score(row)

    def score_file(
        self,
        reference: str,
        path: Path,
        out: Path,
        options: ReadOptions | None = None,
        run: Run | None = None,
        name: str = "",
        rename: Mapping[str, str] | None = None,
        reasons: int = 0,
    ) -> dict[str, Any]:
        """Score a file; one line out for each row in, in order, all of them or no file.

        A large CSV or Parquet file is scored part by part, in little memory. Where that is stopped, the
        same call later takes up what was done: the same bytes, the same model, read the same way.

        Parameters
        ----------
        name : str
            What to call the file where its path does not say it.
        rename : mapping, optional
            A name that the model asks for -> the column of the file that holds it.
        reasons : int
            Principal reasons beside each row that is not approved, at most 4; none where 0.
        """
        return scoring_files.score_file(
            self, reference, Path(path), Path(out), options, run or Run(), name, rename, reasons
        )

    def score_kept(self, request: ScoreRequest, key: str, run: Run | None = None) -> Batch:
        """Score a file and keep what came out under `key`, until it is deleted."""
        return scored.score_kept(self, request, key, run or Run())

    def columns(self, path: Path, options: ReadOptions | None = None, name: str = "") -> tuple[str, ...]:
        """Return the columns of a file, looked up apart from this process."""
        return reading.columns(self, Path(path), options, name)

    def evaluate(
        self, reference: str, path: Path, options: ReadOptions | None = None
    ) -> tuple[Evaluation, Dataset]:
        """Measure a model on labelled rows; return the measures and the rows.

        Rows the model was developed on flatter it: `seen` tells how many of them are among the rows.
        """
        return scoring_files.evaluate_file(self, reference, Path(path), options)

    def seen(self, reference: str, dataset: Dataset) -> Seen:
        """Return how many of the rows a model was developed on."""
        return seen.seen(self, reference, dataset)

    def models(self, portfolio: str | None = None) -> list[ModelRow]:
        """Return registered models, newest first."""
        return self.registry.models(portfolio)

    def show(self, reference: str) -> dict[str, Any]:
        """Return what is known of a model: its row and its part of the trail."""
        row = self.registry.resolve(reference)
        lines = self.registry.trail(row.portfolio, limit=1000, model_id=row.model_id)
        return row.to_json() | {"trail": [line.to_json() for line in lines]}

    def promote(self, reference: str, *, force: bool = False, why: str = "") -> ModelRow:
        """Make a model the champion of its portfolio, where it beats the present one beyond noise.

        Both are judged on the rows the model was reported on, without those the champion was developed on;
        `force`, with a reason, overrides that comparison and nothing else. Either way it is kept in the
        trail.
        """
        return promoting.promote(self, reference, force, why)

    def roll_back(self, portfolio: str, why: str) -> ModelRow:
        """Make the champion before the present one champion again, for a reason kept in the trail."""
        return promoting.roll_back(self, portfolio, why)

    def compare(
        self,
        references: Sequence[str],
        run: Run,
        on: Path | None = None,
        options: ReadOptions | None = None,
        label: Callable[[ModelRow], str] | None = None,
        approval: float = 0.70,
        segment: str = "",
    ) -> Compared:
        """Compare two to six models on the same rows: those their studies held out, or a labelled file's.

        Rows of the file that one of the models was developed on are left out, and how many is told.
        `label` names them; model ids where it is not given. `segment` narrows the rows: "income > 50000".
        """
        path = None if on is None else Path(on)
        return comparing.compare_models(
            self, references, path, options, run, label=label, approval=approval, segment=segment
        )

    def fairness(self, asked: FairnessRequest, run: Run | None = None) -> Treated:
        """Say who a model treats differently, on rows held out from it or on a file's."""
        return treated.treat(self, asked, run or Run())

    def differences(self, a: str, b: str) -> pd.DataFrame:
        """Return what two versions are, side by side.

        Returns
        -------
        DataFrame
            topic (Version, Portfolio, Data, Asked, Samples, Figures, Policy), what, a, b and difference
            (b less a, or what changed) in words, same. Figures are each version's own, of its reported
            sample: `compare` puts two versions on the same rows.
        """
        return differences.differences(self, a, b)

    def replay(self, reference: str, run: Run) -> Replay:
        """Train a model again from its kept data, portfolio and spec, and say what differs."""
        return replays.replay(self, reference, run)

    def export(self, reference: str, to: str, out: Path) -> Exported:
        """Write a model at `out`, proved on golden and kept rows first.

        `to` is ``native``, ``joblib``, ``sql`` or ``excel``; the last two are of scorecards alone.
        """
        return handing.export(self, reference, to, Path(out))

    def disk(self) -> tuple[Use, ...]:
        """Return what takes room under the home: how many of each kind, and how many bytes."""
        return removing.disk(self)

    def removal(self, kind: str, name: str) -> Removal:
        """Return what deleting a dataset, study, model or report means, or why it is refused."""
        return removing.plan(self, kind, name)

    def delete(self, kind: str, name: str, why: str, *, now: bool = False) -> Removal:
        """Delete something for a reason kept in the trail; its files stay in quarantine unless `now`.

        Raises
        ------
        GateError
            ``HAS_MODELS``, ``HAS_STUDIES``, ``CHAMPION``, ``PREVIOUS_CHAMPION``, ``RUNNING``.
        """
        return removing.delete(self, kind, name, why, now)

    def drift(self, request: DriftRequest, key: str = "", run: Run | None = None) -> Monitored:
        """Hold an extract against the development sample of a model; it is kept, and the trail tells it."""
        return monitoring.drift(self, request, key, run or Run(self.settings.threads))

    def fsck(self) -> list[Problem]:
        """Compare the store with the database."""
        return self.registry.fsck()
