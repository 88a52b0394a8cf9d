"""The tables, with the rules that must hold whatever program writes to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from workbench.registry.rows import STAGES

_KEY = 128
_WHO = 200
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. A naive one is refused: nobody could say later which hour was meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be kept; give datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Attach UTC, which SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Plain(TypeDecorator[Any]):
    """Plain values as JSON text. NaN and infinity are refused: JSON has no word for them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value with sorted keys, so that equal values are equal texts."""
        if value is None:
            return None
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the value back."""
        return None if value is None else json.loads(value)


def _share(column: str, name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IS NULL OR ({column} >= 0 AND {column} <= 1)", name=name)


def _sha256(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = 64", name=column)


class Base(DeclarativeBase):
    """All tables of the registry."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: Moment, dict[str, Any]: Plain}


class StoreTable(Base):
    """The name of the one store this database belongs to; the store keeps it too."""

    __tablename__ = "stores"
    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))


class Counter(Base):
    """The last number given to a model of a portfolio; locking its row is locking the portfolio."""

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("last >= 0", name="last"),)

    portfolio: Mapped[str] = mapped_column(String(_KEY), primary_key=True)
    last: Mapped[int]


class Publishing(Base):
    """What is about to be put in place: present only until its row is there too.

    Where it takes the place of something damaged, its manifest is named: a row is there already, and is
    brought up to date by whoever opens the store next, should the program die in between.
    """

    __tablename__ = "publishing"
    __table_args__ = (CheckConstraint("kind IN ('models', 'datasets', 'studies')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(_WHO))
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))


class DatasetTable(Base):
    """A checked data set; its rows are in ``datasets/<sha256>.parquet``."""

    __tablename__ = "datasets"
    __table_args__ = (
        _sha256("sha256"),
        _sha256("file_sha256"),
        CheckConstraint("n >= 0 AND n_bad >= 0 AND n_bad <= n", name="counts"),
        _share("bad_rate", "bad_rate"),
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    portfolio: Mapped[str] = mapped_column(String(_KEY), index=True)
    portfolio_version: Mapped[int]
    n: Mapped[int]
    n_bad: Mapped[int]
    bad_rate: Mapped[float | None] = mapped_column(Float)
    date_from: Mapped[str | None] = mapped_column(String(32))
    date_to: Mapped[str | None] = mapped_column(String(32))
    file_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class ReadingTable(Base):
    """One file that a data set was read from: which of its rows were kept, and which refused and why.

    Several files may hold the same good rows; what was refused of one says nothing of another.
    """

    __tablename__ = "readings"
    __table_args__ = (
        _sha256("sha256"),
        _sha256("record_sha256"),
        CheckConstraint("refused >= 0", name="refused"),
    )

    dataset_sha256: Mapped[str] = mapped_column(
        ForeignKey("datasets.sha256", ondelete="RESTRICT"), primary_key=True
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    turn: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    refused: Mapped[int]
    record_sha256: Mapped[str] = mapped_column(String(64))
    refused_sha256: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class AcknowledgementTable(Base):
    """A finding someone took note of, and why; rows are added, and the last one of a finding counts."""

    __tablename__ = "acknowledgements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset_sha256", "reading_sha256"],
            ["readings.dataset_sha256", "readings.sha256"],
            ondelete="RESTRICT",
        ),
        Index("ix_acknowledgements_dataset", "dataset_sha256", "portfolio"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    portfolio: Mapped[str] = mapped_column(String(_KEY))
    portfolio_version: Mapped[int]
    dataset_sha256: Mapped[str] = mapped_column(String(64))
    reading_sha256: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    column: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(String(_WHO))
    at: Mapped[datetime]


class ProtectedTable(Base):
    """Protected characteristics of a data set's rows, stored apart.

    A portfolio may come to protect a column it had left out: same data set, other protected part.
    """

    __tablename__ = "protected_parts"
    __table_args__ = (_sha256("sha256"), _sha256("file_sha256"))

    dataset_sha256: Mapped[str] = mapped_column(
        ForeignKey("datasets.sha256", ondelete="RESTRICT"), primary_key=True
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    file: Mapped[str] = mapped_column(String(200), unique=True)
    file_sha256: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class StudyTable(Base):
    """One whole run; its files are in ``studies/<id>/``."""

    __tablename__ = "studies"
    __table_args__ = (UniqueConstraint("job_id"), _sha256("manifest_sha256"))

    study_id: Mapped[str] = mapped_column(String(_KEY), primary_key=True)
    portfolio: Mapped[str] = mapped_column(String(_KEY), index=True)
    portfolio_version: Mapped[int]
    dataset_sha256: Mapped[str] = mapped_column(ForeignKey("datasets.sha256", ondelete="RESTRICT"))
    spec: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(_WHO))
    job_id: Mapped[str | None] = mapped_column(String(_KEY))


_CHAMPION = text("stage = 'champion'")
_STAGE_SET = ", ".join(f"'{stage}'" for stage in STAGES)


class ModelTable(Base):
    """A model version; its files are in ``models/<model_id>/``."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("portfolio", "version"),
        UniqueConstraint("job_id", "family"),
        UniqueConstraint(
            "portfolio",
            "portfolio_version",
            "portfolio_sha256",
            "digest",
            "spec_sha256",
            "dataset_sha256",
            name="uq_model_versions_same",
        ),
        Index(
            "uq_model_versions_champion",
            "portfolio",
            unique=True,
            sqlite_where=_CHAMPION,
            postgresql_where=_CHAMPION,
        ),
        CheckConstraint(f"stage IN ({_STAGE_SET})", name="stage"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("gate_passed IN (0, 1)", name="gate_passed"),
        CheckConstraint("stage <> 'champion' OR gate_passed = 1", name="champion_passed"),
        _sha256("manifest_sha256"),
        _sha256("digest"),
        _sha256("portfolio_sha256"),
        _share("auc", "auc"),
        _share("ks", "ks"),
        _share("brier", "brier"),
    )

    model_id: Mapped[str] = mapped_column(String(_KEY), primary_key=True)
    portfolio: Mapped[str] = mapped_column(String(_KEY))
    version: Mapped[int]
    portfolio_version: Mapped[int]
    portfolio_sha256: Mapped[str] = mapped_column(String(64))
    family: Mapped[str] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(16))
    reported: Mapped[str] = mapped_column(String(32))
    metrics: Mapped[dict[str, Any]]
    samples: Mapped[dict[str, Any]]
    auc: Mapped[float | None] = mapped_column(Float)
    ks: Mapped[float | None] = mapped_column(Float)
    brier: Mapped[float | None] = mapped_column(Float)
    gate: Mapped[dict[str, Any]]
    gate_passed: Mapped[int]
    spec: Mapped[dict[str, Any]]
    spec_sha256: Mapped[str] = mapped_column(String(64))
    dataset_sha256: Mapped[str] = mapped_column(
        ForeignKey("datasets.sha256", ondelete="RESTRICT"), index=True
    )
    study_id: Mapped[str | None] = mapped_column(
        ForeignKey("studies.study_id", ondelete="RESTRICT"), index=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(_WHO))
    job_id: Mapped[str | None] = mapped_column(String(_KEY))


class StageTable(Base):
    """The history of stages: one row each time a version moves."""

    __tablename__ = "stages"
    __table_args__ = (CheckConstraint(f"stage IN ({_STAGE_SET})", name="stage"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str] = mapped_column(
        ForeignKey("model_versions.model_id", ondelete="RESTRICT"), index=True
    )
    before: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(_WHO))
    why: Mapped[str] = mapped_column(Text)


class TrailTable(Base):
    """Who did what and when; lines are added and never changed."""

    __tablename__ = "trail"
    __table_args__ = (Index("ix_trail_portfolio", "portfolio", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(_WHO))
    action: Mapped[str] = mapped_column(String(32))
    portfolio: Mapped[str] = mapped_column(String(_KEY))
    model_id: Mapped[str | None] = mapped_column(String(_KEY), index=True)
    detail: Mapped[dict[str, Any]]
    sentence: Mapped[str] = mapped_column(Text)
