"""Moving a version from stage to stage; one champion a portfolio."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workbench.errors import GateError, InputError
from workbench.registry import card
from workbench.registry.engine import change_one
from workbench.registry.models import find, load, lock_portfolio, resolve, row_of
from workbench.registry.rows import Challenge, ModelRow, StageRow
from workbench.registry.store import Store
from workbench.registry.tables import ModelTable, StageTable, TrailTable
from workbench.registry.trail import add_line

ALLOWED = {
    "candidate": ("trained", "retired"),
    "champion": ("trained", "candidate"),
    "retired": ("trained", "candidate", "champion"),
    "rejected": ("trained", "candidate"),
}
"""The stages each stage can be reached from."""

PROMOTED, ROLLED_BACK = "promoted", "rolled back"

_DONE = {"candidate": "made a candidate", "retired": "retired", "rejected": "rejected"}
_REMEDY = {
    "champion": "Promote another version, which retires it.",
    "retired": "Make it a candidate again first: on the page Registry, or by workbench candidate.",
    "rejected": "Train another version; a rejected one stays rejected.",
}


def promote(
    store: Store,
    reference: str,
    who: str,
    when: datetime,
    force: bool,
    why: str,
    challenge: Challenge | None = None,
) -> ModelRow:
    """Make a version the champion of its portfolio; the one before is retired in the same transaction."""
    why = why.strip()
    if force and not why:
        raise InputError("NO_REASON", "forcing needs a reason", remedy="Say why; it is kept in the trail.")
    row, champion, mark = _seen(store, reference)
    if row.stage == "champion":
        return row
    try:
        _refuse_promotion(row)
        load(store, row)
        return store.database.write_steadily(
            lambda session: _crown(session, row, champion, who, when, force, why, challenge),
            lambda session: _crowned(session, row, who, mark),
        )
    except GateError as error:
        _note_refusal(store, row, who, when, error, challenge)
        raise


def _seen(store: Store, reference: str) -> tuple[ModelRow, str | None, int]:
    """Return a version, the champion it would replace and the trail's last line, all of one moment."""
    with store.database.read() as session:
        row = row_of(find(session, reference))
        champion = _champion_of(session, row.portfolio)
        mark = session.scalar(select(func.max(TrailTable.seq))) or 0
        return row, champion.model_id if champion is not None else None, mark


def _crowned(session: Session, seen: ModelRow, who: str, mark: int) -> ModelRow | None:
    """Return the version where the trail says that it was promoted after line `mark`."""
    lock_portfolio(session, seen.portfolio)
    told = select(TrailTable.seq).where(
        TrailTable.seq > mark,
        TrailTable.action == PROMOTED,
        TrailTable.model_id == seen.model_id,
        TrailTable.who == who,
    )
    if session.scalar(told.limit(1)) is None:
        return None
    return row_of(session.get_one(ModelTable, seen.model_id, populate_existing=True))


def move(store: Store, reference: str, to: str, who: str, when: datetime, why: str) -> ModelRow:
    """Make a version a candidate, retire it or reject it."""
    why = why.strip()
    if to == "rejected" and not why:
        raise InputError("NO_REASON", "rejecting needs a reason", remedy="Say why; it is kept in the trail.")

    def moved(session: Session) -> ModelRow:
        portfolio = find(session, reference).portfolio
        lock_portfolio(session, portfolio)
        found = find(session, reference)
        session.refresh(found)
        if found.stage == to:
            return row_of(found)
        _refuse_move(row_of(found), to)
        if to == "candidate":
            _refuse_gate(row_of(found))
        before = found.stage
        _set_stage(session, found, to, who, when, why)
        sentence = f"{who} {_DONE[to]} {found.model_id}".replace("made a candidate", "made a candidate of")
        if before == "champion":
            sentence += f", the champion; {portfolio} has none now"
        add_line(
            session,
            who=who,
            when=when,
            action=to,
            portfolio=portfolio,
            model_id=found.model_id,
            detail={"before": before, "why": why},
            sentence=_with_reason(sentence, why),
        )
        return row_of(found)

    return store.database.write_steadily(moved, lambda _: None)


def roll_back(store: Store, portfolio: str, who: str, when: datetime, why: str) -> ModelRow:
    """Make the champion before the present one champion again; both moves in one transaction."""
    why = why.strip()
    if not why:
        raise InputError(
            "NO_REASON", "rolling back needs a reason", remedy="Say why; it is kept in the trail."
        )
    seen = previous_champion(store, portfolio)
    load(store, seen)

    def rolled(session: Session) -> ModelRow:
        lock_portfolio(session, portfolio)
        if previous(session, portfolio) != seen.model_id:
            raise GateError(
                "CONFLICT",
                f"the champion of {portfolio} changed meanwhile",
                remedy="Look, and roll back again.",
            )
        found = session.get_one(ModelTable, seen.model_id, populate_existing=True)
        champion = _champion_of(session, portfolio)
        if champion is not None:
            _retire_for(session, champion, found, who, when, f"rolled {portfolio} back to {found.model_id}")
        before = found.stage
        _set_stage(session, found, "champion", who, when, why)
        gone = champion.model_id if champion is not None else None
        instead = f" in place of {gone}" if gone else ""
        add_line(
            session, who=who, when=when, action=ROLLED_BACK, portfolio=portfolio, model_id=found.model_id,
            detail={"retired": gone, "before": before, "why": why},
            sentence=_with_reason(
                f"{who} rolled {portfolio} back: {found.model_id} is champion again{instead}", why
            ),
        )  # fmt: skip
        return row_of(found)

    def kept(session: Session) -> ModelRow | None:
        lock_portfolio(session, portfolio)
        champion = _champion_of(session, portfolio)
        return row_of(champion) if champion is not None and champion.model_id == seen.model_id else None

    return store.database.write_steadily(rolled, kept)


def previous_champion(store: Store, portfolio: str) -> ModelRow:
    """Return the version that rolling back would make champion again.

    Raises
    ------
    GateError
        ``NO_PREVIOUS`` where no other version was champion before.
    """
    with store.database.read() as session:
        model_id = previous(session, portfolio)
        left = _rolled_back_from(session, portfolio) if model_id is None else ""
    if model_id is None and left:
        raise GateError(
            "NO_PREVIOUS",
            f"{left} was champion and was rolled back from, so there is nothing further back to roll back to",
            remedy=f"Promote it again if it should be champion: {left}.",
        )
    if model_id is None:
        raise GateError(
            "NO_PREVIOUS",
            f"no version of {portfolio} was champion before, so there is nothing to roll back to",
            remedy="Promote another version, or retire the champion.",
        )
    return resolve(store, model_id)


def previous(session: Session, portfolio: str) -> str | None:
    """Return who was champion before, as the trail tells: promotions pile up, a roll-back takes off."""
    query = select(TrailTable.action, TrailTable.model_id).where(
        TrailTable.portfolio == portfolio, TrailTable.action.in_((PROMOTED, ROLLED_BACK))
    )
    pile: list[str] = []
    for action, model_id in session.execute(query.order_by(TrailTable.seq)):
        while action == ROLLED_BACK and pile and pile[-1] != model_id:
            pile.pop()
        if not pile or pile[-1] != model_id:
            pile.append(model_id)
    champion = _champion_of(session, portfolio)
    turned_down = select(ModelTable.model_id).where(
        ModelTable.portfolio == portfolio, ModelTable.stage == "rejected"
    )
    gone = set(session.scalars(turned_down)) | ({champion.model_id} if champion is not None else set())
    # a version that was deleted is in the trail alone
    there = set(session.scalars(select(ModelTable.model_id).where(ModelTable.portfolio == portfolio)))
    return next((model_id for model_id in reversed(pile) if model_id in there - gone), None)


def _rolled_back_from(session: Session, portfolio: str) -> str:
    """Return the retired version that was rolled back from last; "" where there is none."""
    query = select(TrailTable.detail).where(
        TrailTable.portfolio == portfolio, TrailTable.action == ROLLED_BACK
    )
    left = [detail.get("retired") for detail in session.scalars(query.order_by(TrailTable.seq.desc()))]
    retired = select(ModelTable.model_id).where(
        ModelTable.portfolio == portfolio, ModelTable.stage == "retired"
    )
    there = set(session.scalars(retired))
    return next((model_id for model_id in left if model_id in there), "")


def _champion_of(session: Session, portfolio: str) -> ModelTable | None:
    query = select(ModelTable).where(ModelTable.portfolio == portfolio, ModelTable.stage == "champion")
    return session.scalars(query).one_or_none()


def history(store: Store, model_id: str) -> list[StageRow]:
    """Return the moves of a version, oldest first."""
    query = select(StageTable).where(StageTable.model_id == model_id).order_by(StageTable.id)
    with store.database.read() as session:
        return [StageRow(r.model_id, r.before, r.stage, r.at, r.who, r.why) for r in session.scalars(query)]


def _crown(
    session: Session,
    seen: ModelRow,
    seen_champion: str | None,
    who: str,
    when: datetime,
    force: bool,
    why: str,
    challenge: Challenge | None,
) -> ModelRow:
    lock_portfolio(session, seen.portfolio)
    found = session.get_one(ModelTable, seen.model_id, populate_existing=True)
    if found.stage == "champion":
        return row_of(found)
    champion = _champion_of(session, seen.portfolio)
    _refuse_changed(row_of(found), seen, champion.model_id if champion is not None else None, seen_champion)
    _refuse_promotion(row_of(found))
    if champion is not None:
        if not force:
            _refuse_worse(found.model_id, champion.model_id, challenge)
        _retire_for(session, champion, found, who, when, f"promoted {found.model_id}")
    _set_stage(session, found, "champion", who, when, why)
    instead = f" in place of {champion.model_id}" if champion is not None else ""
    sentence = f"{who} made {found.model_id} the champion of {found.portfolio}{instead}"
    if force:
        sentence += ", overriding the comparison with the champion"
    if challenge is not None and challenge.note:
        sentence += f"; {challenge.note}"
    detail = {"retired": champion.model_id if champion is not None else None, "force": force, "why": why}
    detail |= _told(challenge)
    if found.created_by == who:
        detail["self_approved"] = True
        sentence += " (self-approved)"
    add_line(
        session,
        who=who,
        when=when,
        action=PROMOTED,
        portfolio=found.portfolio,
        model_id=found.model_id,
        detail=detail,
        sentence=_with_reason(sentence, why),
    )
    return row_of(found)


def _retire_for(
    session: Session, champion: ModelTable, by: ModelTable, who: str, when: datetime, did: str
) -> None:
    _set_stage(session, champion, "retired", who, when, f"replaced by {by.model_id}")
    add_line(
        session,
        who=who,
        when=when,
        action="retired",
        portfolio=champion.portfolio,
        model_id=champion.model_id,
        detail={"before": "champion", "replaced_by": by.model_id},
        sentence=f"{champion.model_id} is retired, because {who} {did}.",
    )


def _set_stage(session: Session, found: ModelTable, to: str, who: str, when: datetime, why: str) -> None:
    before = found.stage
    statement = (
        update(ModelTable)
        .where(ModelTable.model_id == found.model_id, ModelTable.stage == before)
        .values(stage=to)
        .execution_options(synchronize_session=False)
    )
    change_one(session, statement, found.model_id)
    session.add(StageTable(model_id=found.model_id, before=before, stage=to, at=when, who=who, why=why))
    session.flush()
    session.refresh(found)


def _refuse_changed(now: ModelRow, seen: ModelRow, champion: str | None, seen_champion: str | None) -> None:
    """Refuse to undo what someone else did while a version was verified."""
    if now.stage != seen.stage:
        what = f"someone else made {now.model_id} {now.stage} while it was verified; it was {seen.stage}"
    elif now.manifest_sha256 != seen.manifest_sha256:
        what = f"{seen.model_id} was changed while it was verified"
    elif champion != seen_champion:
        before, after = (f"champion {name}" if name else "no champion" for name in (seen_champion, champion))
        what = f"someone else changed the champion of {now.portfolio} meanwhile: {before} before, {after} now"
    else:
        return
    raise GateError("CONFLICT", what, remedy="Look at the registry, and promote again if it still should be.")


def _refuse_promotion(row: ModelRow) -> None:
    _refuse_move(row, "champion")
    _refuse_gate(row)


def _refuse_move(row: ModelRow, to: str) -> None:
    if row.stage not in ALLOWED[to]:
        raise GateError(
            "STAGE",
            f"{row.model_id} is {row.stage} and cannot become {to}",
            remedy=_REMEDY.get(row.stage, "Look at its stage in the registry."),
        )


def _refuse_gate(row: ModelRow) -> None:
    if not row.gate.get("passed"):
        raise GateError(
            "GATE",
            f"{row.model_id} did not pass its gate: {card.why(row.gate) or 'no reason was kept'}",
            remedy="Train a version that passes; the gate cannot be overridden.",
        )


def _refuse_worse(model_id: str, champion: str, challenge: Challenge | None) -> None:
    """Refuse what does not beat the champion of this very moment; who judges it is not decided here."""
    force = "Promote it with force and a reason if it should replace the champion all the same."
    if challenge is None or challenge.champion != champion:
        what = f"{model_id} was not compared with the champion {champion}"
        raise GateError("NOT_COMPARED", what, remedy=f"Compare the two and promote it again. {force}")
    if not challenge.better:
        raise GateError("NOT_BETTER", challenge.sentence, remedy=force)


def _told(challenge: Challenge | None) -> dict[str, Any]:
    if challenge is None:
        return {}
    told = {"champion": challenge.champion, "better": challenge.better, "sentence": challenge.sentence}
    return {"challenge": told | dict(challenge.detail)}


def _note_refusal(
    store: Store, row: ModelRow, who: str, when: datetime, error: GateError, challenge: Challenge | None
) -> None:
    with store.database.write() as session:
        add_line(
            session,
            who=who,
            when=when,
            action="promotion refused",
            portfolio=row.portfolio,
            model_id=row.model_id,
            detail={"code": error.code} | _told(challenge),
            sentence=f"{who} asked to promote {row.model_id}, which was refused: {error.problems[0].what}.",
        )


def _with_reason(sentence: str, why: str) -> str:
    return f"{sentence}, because: {why.rstrip('.')}." if why else f"{sentence}."
