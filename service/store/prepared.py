"""Statements of the hot path: written in Core, compiled once, then run straight on the driver.

A statement so run costs a tenth of `Connection.execute`, which looks its compiled form up and
builds a result each time. Same connection, same transaction, same types in and out.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, exc
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any]

_FIRST, _ALL, _TOUCHED = methodcaller("fetchone"), methodcaller("fetchall"), attrgetter("rowcount")


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement for one dialect: its text, how values are converted and put in order."""

    sql: str
    order: Callable[[Mapping[str, Any]], Any]
    defaults: Mapping[str, Any]
    into: tuple[tuple[str, Convert], ...]
    out: tuple[tuple[int, Convert], ...]
    row: Callable[[Iterable[Any]], Any]


class Prepared:
    """One statement with every value a named bind parameter; no expanding `IN`.

    It runs in the transaction that the caller has begun, as every function of the store does.
    Rows come as named tuples. Database errors are SQLAlchemy's, as from `Connection.execute`.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def first(self, conn: Connection, **values: Any) -> Any:
        """The first row as a named tuple, or None."""
        compiled, row = self._execute(conn, values, _FIRST)
        return None if row is None else _converted(compiled, row)

    def all(self, conn: Connection, **values: Any) -> Iterator[Any]:
        """Every row as a named tuple."""
        compiled, rows = self._execute(conn, values, _ALL)
        return (_converted(compiled, row) for row in rows) if rows else iter(())

    def run(self, conn: Connection, **values: Any) -> int:
        """Execute a statement that returns no rows; how many it touched."""
        touched: int = self._execute(conn, values, _TOUCHED)[1]
        return touched

    def _execute(
        self, conn: Connection, values: dict[str, Any], take: Convert
    ) -> tuple[_Compiled, Any]:
        dialect = conn.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        bound = {**compiled.defaults, **values} if compiled.defaults else values
        for name, convert in compiled.into:
            bound[name] = convert(bound[name])
        driver: Any = conn.connection.dbapi_connection
        try:
            cursor = driver.execute(compiled.sql, compiled.order(bound))
            taken = take(cursor)
            cursor.close()
        except dialect.loaded_dbapi.Error as error:
            raise _translated(error, compiled.sql, conn) from error
        return compiled, taken


def _compile(statement: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or compiled.binds)
    columns = list(getattr(statement, "selected_columns", ()))
    return _Compiled(
        sql=compiled.string,
        order=_ordering(names) if compiled.positional else dict,
        defaults={name: value for name, value in compiled.params.items() if value is not None},
        into=_converters(compiled, names),
        out=_out_of(columns, dialect),
        row=_row_of([c.key for c in columns]),
    )


def _ordering(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    if len(names) == 1:
        return lambda values: (values[names[0]],)
    return itemgetter(*names)


def _row_of(keys: list[str]) -> Callable[[Iterable[Any]], Any]:
    kind: Any = namedtuple("Row", keys)  # type: ignore[misc]  # names known only now
    make: Callable[[Iterable[Any]], Any] = kind._make
    return make


def _converters(compiled: SQLCompiler, names: tuple[str, ...]) -> tuple[tuple[str, Convert], ...]:
    dialect = compiled.dialect
    found = [
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in dict.fromkeys(names)  # a name may stand in several places
    ]
    return tuple((name, convert) for name, convert in found if convert is not None)


def _out_of(columns: list[Any], dialect: Dialect) -> tuple[tuple[int, Convert], ...]:
    found = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns]
    return tuple((place, convert) for place, convert in enumerate(found) if convert is not None)


def _converted(compiled: _Compiled, row: tuple[Any, ...]) -> Any:
    values = list(row)
    for place, convert in compiled.out:
        values[place] = convert(values[place])
    return compiled.row(values)


def _translated(error: Any, sql: str, conn: Connection) -> BaseException:
    dialect = conn.dialect
    dbapi: Any = dialect.loaded_dbapi
    gone = dialect.is_disconnect(error, conn.connection.dbapi_connection, None)
    if gone:
        conn.invalidate(error)
    translated: BaseException = exc.DBAPIError.instance(
        sql, None, error, dbapi.Error, hide_parameters=True, connection_invalidated=gone,
        dialect=dialect,
    )  # fmt: skip
    return translated
