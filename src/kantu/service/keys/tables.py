"""The table of API keys."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from kantu.service.database import Base

_NULLABLE_JSON = JSON(none_as_null=True)


class ApiKeyRow(Base):
    """A key's digest and what it may do; the key itself is nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    models: Mapped[list[str] | None] = mapped_column(_NULLABLE_JSON)
    endpoints: Mapped[list[str] | None] = mapped_column(_NULLABLE_JSON)
    limits: Mapped[dict[str, int]] = mapped_column(JSON)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
