"""The tables of the database. Times are milliseconds since 1970, UTC; contents of pictures go by their SHA-256.

A change here needs a migration in ``migrations/versions``; a test compares both.
"""

from __future__ import annotations

import secrets
import time

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = String(32)
Sha = String(64)
Name = String(255)


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A new name for a row, 32 characters; later ones sort behind earlier ones."""
    return f"{now_ms():012x}{secrets.token_hex(10)}"


class Base(DeclarativeBase):
    """All tables."""


class FindingRow(Base):
    """One inspected image: `blemish.findings.Finding` as JSON, and what findings are filtered and sorted by."""

    __tablename__ = "findings"
    __table_args__ = (
        Index("findings_worst", "verdict_rank", "score", "id"),
        Index("findings_state", "state", "id"),
        Index("findings_detector", "detector", "id"),
        Index("findings_image", "image"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(16), default="open")
    image: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(String(16))
    verdict_rank: Mapped[int] = mapped_column(Integer)
    score: Mapped[float] = mapped_column(Float)
    detector: Mapped[str] = mapped_column(Name)
    detector_sha: Mapped[str] = mapped_column(Sha)
    inspected_by: Mapped[str] = mapped_column(Name)
    job: Mapped[str | None] = mapped_column(String(64), index=True)
    image_sha: Mapped[str] = mapped_column(Sha)
    view_sha: Mapped[str | None] = mapped_column(Sha)
    thumb_sha: Mapped[str | None] = mapped_column(Sha)
    mask_sha: Mapped[str | None] = mapped_column(Sha)
    map_sha: Mapped[str | None] = mapped_column(Sha)
    map_low: Mapped[float | None] = mapped_column(Float)
    map_high: Mapped[float | None] = mapped_column(Float)
    record: Mapped[str] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Name, index=True)
    # Of a copy of a known image: which, and what is right to decide about it.
    known_id: Mapped[str | None] = mapped_column(Id, index=True)
    known_truth: Mapped[str | None] = mapped_column(String(16))
    # Of the correction that stands: its mask, and what was measured and drawn of it.
    corrected_sha: Mapped[str | None] = mapped_column(Sha)
    corrected_thumb_sha: Mapped[str | None] = mapped_column(Sha)
    corrected_record: Mapped[str | None] = mapped_column(Text)


class ReviewRow(Base):
    """One decision of a person about a finding. Never changed or removed, but with its finding."""

    __tablename__ = "reviews"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    finding_id: Mapped[str] = mapped_column(ForeignKey("findings.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    decision: Mapped[str] = mapped_column(String(16))
    tags: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    mask_sha: Mapped[str | None] = mapped_column(Sha)
    reviewer: Mapped[str] = mapped_column(Name)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class KnownRow(Base):
    """A finding that is mixed into the queue again, and what is right to decide about it."""

    __tablename__ = "known"

    finding_id: Mapped[str] = mapped_column(ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True)
    truth: Mapped[str] = mapped_column(String(16))
    added_by: Mapped[str] = mapped_column(Name)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class DetectorRow(Base):
    """One version of a detector: a name, and the digest of its file."""

    __tablename__ = "detectors"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    sha: Mapped[str] = mapped_column(Sha, primary_key=True)
    method: Mapped[str] = mapped_column(Name)
    added_by: Mapped[str] = mapped_column(Name)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class ActivationRow(Base):
    """Which version of a detector answered from when on; ``previous`` is what a roll-back returns to."""

    __tablename__ = "activations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, index=True)
    sha: Mapped[str] = mapped_column(Sha)
    previous: Mapped[str | None] = mapped_column(Id)
    activated_by: Mapped[str] = mapped_column(Name)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class KeyRow(Base):
    """One API key, by the SHA-256 of its 256 random bits."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    role: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(Sha, unique=True)
    revoked: Mapped[bool] = mapped_column(Boolean, default=False)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class SessionRow(Base):
    """One browser that has logged in with a key."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(Sha, primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(String(64))
    expires_ms: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """One act that changed something, or a login that failed."""

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Name)
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(Text)
