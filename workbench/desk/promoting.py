"""Making a model the champion: where it beats the present one on the same rows, by force, or once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.desk import comparing
from workbench.desk.requests import Deployment
from workbench.errors import GateError, MissingError, WorkbenchError
from workbench.evaluation import beats
from workbench.registry import Challenge, ModelRow

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def promote(desk: Desk, reference: str, force: bool, why: str) -> ModelRow:
    """Make a model the champion; see `Desk.promote`."""
    row = desk.registry.resolve(reference)
    return desk.registry.promote(
        row.model_id, who=desk.who, when=desk.now(), force=force, why=why, challenge=challenge(desk, row)
    )


def roll_back(desk: Desk, portfolio: str, why: str) -> ModelRow:
    """Make the champion before the present one champion again; see `Desk.roll_back`."""
    name = portfolio.split("@")[0]
    if not desk.registry.models(name):
        desk.portfolio(name)  # says which there are, where there is none of this name
    return desk.registry.roll_back(name, who=desk.who, when=desk.now(), why=why)


def challenge(desk: Desk, row: ModelRow) -> Challenge | None:
    """Return how a model does against the present champion on its own reported rows; None without one."""
    try:
        champion = desk.registry.resolve(f"{row.portfolio}@champion")
    except MissingError:
        return None
    if champion.model_id == row.model_id:
        return None
    try:
        rows = comparing.challenge_rows(desk, row, champion)
    except WorkbenchError as error:
        said = error.problems[0].what
        sentence = f"{row.model_id} could not be compared with the champion {champion.model_id}: {said}"
        return Challenge(champion.model_id, False, sentence, {"reason": said, "code": error.code})
    judged = beats(
        rows.bad,
        rows.p_bad[champion.model_id],
        rows.p_bad[row.model_id],
        weight=rows.weight,
        group=rows.group,
    )
    proof = {"rows": rows.words, "dataset_sha256": rows.dataset_sha256, "positions": rows.positions_sha256}
    told = "; ".join(note.rstrip(".") for note in rows.notes)
    sentence = judged.sentence(row.model_id, champion.model_id)
    return Challenge(
        champion.model_id, judged.better, f"{sentence}; {told}" if told else sentence,
        judged.to_json() | proof | {"notes": list(rows.notes), "left_out": rows.left_out}, told,
    )  # fmt: skip


def deploy(desk: Desk, model_id: str | None, force: bool, why: str) -> Deployment:
    """Promote what a training made where the rules allow it; a refusal is an answer, not a failure."""
    if model_id is None:
        return Deployment(None, False, "NO_MODEL", "no model was trained, so none was promoted")
    if desk.registry.resolve(model_id).stage == "champion":
        return Deployment(model_id, True, "", f"{model_id} is the champion already: the same model as before")
    try:
        row = promote(desk, model_id, force, why)
    except GateError as error:
        return Deployment(model_id, False, error.code, error.problems[0].what)
    line = desk.registry.trail(row.portfolio, limit=5, model_id=model_id)[0]
    return Deployment(model_id, True, "", line.sentence.rstrip("."))
