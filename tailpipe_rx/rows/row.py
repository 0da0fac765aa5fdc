"""`Row`: what a row class is derived from."""

from collections.abc import Mapping
from typing import Self, dataclass_transform

from .columns import Common, Convert, DuckDB, Json, RowColumns, Struct, field
from .reader import reader

__all__ = ["Common", "Convert", "DuckDB", "Json", "Row", "Struct", "field"]


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Row(RowColumns):
    """One row of a table: derive from it, and annotate the columns.

    ``rename`` says how the log format writes the names (``"camel"``, ``"kebab"``, …), ``field(name=…)`` says it of one
    column. A column that may be missing is ``… | None = None``; one that is required and missing rejects the record.
    The string in ``Annotated`` is the column's description. What a format sends beyond the columns goes to ``extra``.

    >>> from datetime import datetime
    >>> from typing import Annotated
    >>> class Greeting(Row, rename="camel"):
    ...     '''Somebody said hello.'''
    ...     said_at: Annotated[datetime, "When."]
    ...     who: Annotated[str | None, "Who."] = None
    ...     def common(self) -> Common:
    ...         return Common(timestamp=self.said_at, usernames=[self.who])
    >>> Greeting.parse(b'{"saidAt":"2026-01-02T03:04:05Z","who":"Ada"}')
    Greeting(said_at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), who='Ada')
    """

    @classmethod
    def parse(cls, record: bytes | Mapping[str, str | None]) -> Self:
        """A row from one JSON object, or from text values, under the names of the log format.

        Raises `ValueError` if the record does not fit the class; in an extractor that rejects the record.
        """
        made: Self = reader(cls).one(record) if isinstance(record, bytes) else reader(cls).text(record)
        return made
