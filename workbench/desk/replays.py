"""Train a registered model again from what was kept, and compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import study
from workbench.dataset import Dataset
from workbench.dataset.fingerprint import fingerprint
from workbench.desk import origins
from workbench.registry import ModelRow
from workbench.run import Run
from workbench.study import StudyModel, StudySpec
from workbench.training import TrainedModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


@dataclass(frozen=True)
class Difference:
    """One thing that came out otherwise: what was kept, and what came out again."""

    what: str
    kept: Any
    again: Any


@dataclass(frozen=True)
class Replay:
    """What training again told.

    Attributes
    ----------
    identical : bool
        Learned content, policy, every kept metric and the PD of every row are the same.
    rows : int
        Rows whose PDs were compared.
    notes : tuple of str
        Where platform or libraries are not those it was registered with.
    """

    model_id: str
    identical: bool
    differences: tuple[Difference, ...]
    digest: str
    digest_again: str
    rows: int
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the replay as plain values."""
        plain = {"differences": [asdict(d) for d in self.differences], "notes": list(self.notes)}
        return asdict(self) | plain

    def sentence(self) -> str:
        """Return the answer in one sentence."""
        if self.identical:
            return f"{self.model_id} came out again identical, to the last bit of {self.rows:,} PDs."
        names = ", ".join(d.what for d in self.differences)
        return f"{self.model_id} came out otherwise: {names}."


def replay(desk: Desk, reference: str, run: Run) -> Replay:
    """Train a model again from its kept data, portfolio and spec; see `Desk.replay`."""
    row = desk.registry.resolve(reference)
    run.step("reading what was kept", 0.0)
    notes = desk.registry.verify(row.model_id)
    kept = desk.model(row.model_id)
    dataset = origins.dataset_of(desk, row, kept.portfolio)
    spec = StudySpec.from_json(row.spec)
    done = study.run(dataset, spec, run.part(0.05, 0.95))
    answer = done.model(row.family)
    run.step("comparing", 0.95)
    found = tuple(_differences(desk, row, kept, dataset, answer, done.samples.assignment))
    return Replay(
        model_id=row.model_id, identical=not found, differences=found, digest=row.digest,
        digest_again=answer.digest, rows=dataset.n, notes=tuple(note.what for note in notes),
    )  # fmt: skip


def _differences(
    desk: Desk, row: ModelRow, kept: TrainedModel, dataset: Dataset, answer: StudyModel, samples: np.ndarray
) -> Iterator[Difference]:
    sha256 = fingerprint(dataset)[0]
    if sha256 != row.dataset_sha256:
        yield Difference("fingerprint of the data", row.dataset_sha256, sha256)
    if answer.model is None:
        yield Difference("training", "a model", answer.error)
        return
    if answer.digest != row.digest:
        yield Difference("digest of the learned content", row.digest, answer.digest)
    if answer.policy != kept.policy.to_json():
        yield Difference("policy", kept.policy.to_json(), answer.policy)
    if row.study_id is not None:
        before = desk.study(row.study_id).rows["sample"].to_numpy()
        moved = int((before != samples).sum()) if len(before) == len(samples) else len(samples)
        if moved:
            yield Difference("rows in another sample", 0, moved)
    distance = np.abs(kept.p_bad(dataset.frame, dataset.date) - answer.p_bad)
    if not (distance == 0).all():
        yield Difference("largest difference of a PD", 0.0, float(np.max(distance)))
    told = answer.to_json()
    yield from _metrics("", row.metrics, told["metrics"])
    for name in sorted(row.samples.keys() | told["samples"].keys()):
        if name != row.reported:
            yield from _metrics(f"{name}: ", row.samples.get(name, {}), told["samples"].get(name, {}))


def _metrics(prefix: str, kept: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Difference]:
    # a metric that this workbench knows and the one before did not is no difference
    for name in kept:
        if kept[name] != again.get(name):
            yield Difference(f"{prefix}{name}", kept[name], again.get(name))
