"""What tables are made of."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, BigInteger, Dialect, Index, MetaData, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


class Base(DeclarativeBase):
    """Times are integers: seconds since 1970, UTC."""

    metadata = MetaData(
        naming_convention={  # so that migrations can name what they change
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Owned:
    """Mixed into a table, each of whose rows is one owner's: `owners` guards it, a `Repository` reads and writes it."""

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int] = mapped_column(BigInteger)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805 - SQLAlchemy calls it with the class
        name: str = cls.__tablename__  # type: ignore[attr-defined]
        return (Index(f"ix_{name}_owner_created_at", "owner", "created_at", "id"),)


class JsonOf(TypeDecorator[Any]):
    """A column that keeps a value as JSON, its fields of None left out.

    Args:
        kind: type of the value, anything that pydantic reads.
        empty: the value that NULL stands for.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: Any, empty: Any = None) -> None:
        super().__init__()
        self.kind, self.empty = kind, empty
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value == self.empty else self._adapter.dump_python(value, mode="json", exclude_none=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return self.empty if value is None else self._adapter.validate_python(value)
