"""The types of columns that SQLite and PostgreSQL store each in their own way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACES, _PLACES_OF_ONE = 16_383, 255  # what a tsvector keeps


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, stored as whole microseconds since 1970; naive datetimes are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Id(TypeDecorator[str]):
    """A UUID as text outside; 16 bytes in SQLite, a native uuid in PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid(as_uuid=False))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return bytes.fromhex(value.replace("-", ""))

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return str(value)
        digits = value.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only plain INTEGER keys up


class Words(TypeDecorator[str]):
    """Words in order with blanks between them; in PostgreSQL a tsvector with their places.

    They are made by `searching.words_of`, so no parser of the database's cuts them otherwise.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TSVECTOR())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        places: dict[str, list[str]] = {}
        for place, word in enumerate(value.split()[:_PLACES], start=1):
            places.setdefault(word, []).append(str(place))
        return " ".join(f"'{word}':{','.join(at[:_PLACES_OF_ONE])}" for word, at in places.items())
