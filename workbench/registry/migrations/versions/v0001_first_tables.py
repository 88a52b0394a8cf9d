"""The first tables: data sets and their readings, studies, model versions, stages and the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "counters",
    "datasets",
    "publishing",
    "trail",
    "readings",
    "acknowledgements",
    "protected_parts",
    "studies",
    "model_versions",
    "stages",
)


def upgrade() -> None:
    """Make the tables; on SQLite also refuse changes to the trail (on PostgreSQL the next revision does)."""
    _counters()
    _datasets()
    _publishing()
    _trail()
    _readings()
    _acknowledgements()
    _protected_parts()
    _studies()
    _model_versions()
    _stages()
    if op.get_bind().dialect.name == "sqlite":
        _trail_is_append_only()


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _trail_is_append_only() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER trail_no_{verb.lower()} BEFORE {verb} ON trail "
            "BEGIN SELECT RAISE(ABORT, 'lines of the trail are never changed'); END"
        )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_counters_last")),
        sa.PrimaryKeyConstraint("portfolio", name=op.f("pk_counters")),
    )


def _datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("portfolio_version", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("n_bad", sa.Integer(), nullable=False),
        sa.Column("bad_rate", sa.Float(), nullable=True),
        sa.Column("date_from", sa.String(length=32), nullable=True),
        sa.Column("date_to", sa.String(length=32), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "bad_rate IS NULL OR (bad_rate >= 0 AND bad_rate <= 1)", name=op.f("ck_datasets_bad_rate")
        ),
        sa.CheckConstraint("length(file_sha256) = 64", name=op.f("ck_datasets_file_sha256")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_datasets_sha256")),
        sa.CheckConstraint("n >= 0 AND n_bad >= 0 AND n_bad <= n", name=op.f("ck_datasets_counts")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_datasets")),
    )
    op.create_index(op.f("ix_datasets_portfolio"), "datasets", ["portfolio"], unique=False)


def _publishing() -> None:
    op.create_table(
        "publishing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint("kind IN ('models', 'datasets', 'studies')", name=op.f("ck_publishing_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publishing")),
    )


def _trail() -> None:
    op.create_table(
        "trail",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_trail")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trail_model_id"), "trail", ["model_id"], unique=False)
    op.create_index("ix_trail_portfolio", "trail", ["portfolio", "seq"], unique=False)


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("record_sha256", sa.String(length=64), nullable=False),
        sa.Column("refused_sha256", sa.String(length=64), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(record_sha256) = 64", name=op.f("ck_readings_record_sha256")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_readings_sha256")),
        sa.CheckConstraint("refused >= 0", name=op.f("ck_readings_refused")),
        sa.ForeignKeyConstraint(
            ["dataset_sha256"],
            ["datasets.sha256"],
            name=op.f("fk_readings_dataset_sha256"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("dataset_sha256", "sha256", name=op.f("pk_readings")),
    )


def _acknowledgements() -> None:
    op.create_table(
        "acknowledgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("portfolio_version", sa.Integer(), nullable=False),
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("reading_sha256", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_sha256", "reading_sha256"],
            ["readings.dataset_sha256", "readings.sha256"],
            name=op.f("fk_acknowledgements_dataset_sha256"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgements")),
    )
    op.create_index(
        "ix_acknowledgements_dataset", "acknowledgements", ["dataset_sha256", "portfolio"], unique=False
    )


def _protected_parts() -> None:
    op.create_table(
        "protected_parts",
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(file_sha256) = 64", name=op.f("ck_protected_parts_file_sha256")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_protected_parts_sha256")),
        sa.ForeignKeyConstraint(
            ["dataset_sha256"],
            ["datasets.sha256"],
            name=op.f("fk_protected_parts_dataset_sha256"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("dataset_sha256", "sha256", name=op.f("pk_protected_parts")),
        sa.UniqueConstraint("file", name=op.f("uq_protected_parts_file")),
    )


def _studies() -> None:
    op.create_table(
        "studies",
        sa.Column("study_id", sa.String(length=128), nullable=False),
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("portfolio_version", sa.Integer(), nullable=False),
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=True),
        sa.CheckConstraint("length(manifest_sha256) = 64", name=op.f("ck_studies_manifest_sha256")),
        sa.ForeignKeyConstraint(
            ["dataset_sha256"],
            ["datasets.sha256"],
            name=op.f("fk_studies_dataset_sha256"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_studies")),
        sa.UniqueConstraint("job_id", name=op.f("uq_studies_job_id")),
    )
    op.create_index(op.f("ix_studies_portfolio"), "studies", ["portfolio"], unique=False)


def _model_versions() -> None:
    op.create_table("model_versions", *_model_columns(), *_model_rules())
    op.create_index(
        op.f("ix_model_versions_dataset_sha256"), "model_versions", ["dataset_sha256"], unique=False
    )
    op.create_index(op.f("ix_model_versions_study_id"), "model_versions", ["study_id"], unique=False)
    op.create_index(
        "uq_model_versions_champion",
        "model_versions",
        ["portfolio"],
        unique=True,
        sqlite_where=sa.text("stage = 'champion'"),
        postgresql_where=sa.text("stage = 'champion'"),
    )


def _model_columns() -> list[sa.Column]:
    return [
        sa.Column("model_id", sa.String(length=128), nullable=False),
        sa.Column("portfolio", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("portfolio_version", sa.Integer(), nullable=False),
        sa.Column("portfolio_sha256", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("reported", sa.String(length=32), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("samples", sa.Text(), nullable=False),
        sa.Column("auc", sa.Float(), nullable=True),
        sa.Column("ks", sa.Float(), nullable=True),
        sa.Column("brier", sa.Float(), nullable=True),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("gate_passed", sa.Integer(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("spec_sha256", sa.String(length=64), nullable=False),
        sa.Column("dataset_sha256", sa.String(length=64), nullable=False),
        sa.Column("study_id", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=True),
    ]


def _model_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(
            "stage <> 'champion' OR gate_passed = 1", name=op.f("ck_model_versions_champion_passed")
        ),
        sa.CheckConstraint(
            "stage IN ('trained', 'candidate', 'champion', 'retired', 'rejected')",
            name=op.f("ck_model_versions_stage"),
        ),
        sa.CheckConstraint("auc IS NULL OR (auc >= 0 AND auc <= 1)", name=op.f("ck_model_versions_auc")),
        sa.CheckConstraint(
            "brier IS NULL OR (brier >= 0 AND brier <= 1)", name=op.f("ck_model_versions_brier")
        ),
        sa.CheckConstraint("gate_passed IN (0, 1)", name=op.f("ck_model_versions_gate_passed")),
        sa.CheckConstraint("ks IS NULL OR (ks >= 0 AND ks <= 1)", name=op.f("ck_model_versions_ks")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_model_versions_digest")),
        sa.CheckConstraint("length(manifest_sha256) = 64", name=op.f("ck_model_versions_manifest_sha256")),
        sa.CheckConstraint("length(portfolio_sha256) = 64", name=op.f("ck_model_versions_portfolio_sha256")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_model_versions_version")),
        sa.ForeignKeyConstraint(
            ["dataset_sha256"],
            ["datasets.sha256"],
            name=op.f("fk_model_versions_dataset_sha256"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.study_id"], name=op.f("fk_model_versions_study_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("job_id", "family", name=op.f("uq_model_versions_job_id_family")),
        sa.UniqueConstraint(
            "portfolio",
            "portfolio_version",
            "portfolio_sha256",
            "digest",
            "spec_sha256",
            "dataset_sha256",
            name="uq_model_versions_same",
        ),
        sa.UniqueConstraint("portfolio", "version", name=op.f("uq_model_versions_portfolio_version")),
    ]


def _stages() -> None:
    op.create_table(
        "stages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('trained', 'candidate', 'champion', 'retired', 'rejected')",
            name=op.f("ck_stages_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model_versions.model_id"], name=op.f("fk_stages_model_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stages")),
    )
    op.create_index(op.f("ix_stages_model_id"), "stages", ["model_id"], unique=False)
