"""From records to rows of one class."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from ..errors import RecordError, describe
from ..events import Rejected
from ..operators.elements import Batch
from .accounts import Accounts
from .checks import check
from .columns import RowColumns
from .interned import Interned
from .nested import Look
from .schema import schema
from .twins import TEACHABLE, Shape, add_extra, adopter, in_order, shape, twin

R = TypeVar("R", bound=RowColumns)
_raws: Final = msgspec.json.Decoder(list[Raw]).decode
_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.encode
_TWINS: Final = 64  # the most twins made for one class: making one costs about a millisecond


class _Twin:
    """How records are read just now: the unknown fields that are taken along, and the usual order of names."""

    def __init__(self, of: Shape, interned: Mapping[str, Interned], taught: Sequence[str], seen: Sequence[str]) -> None:
        self.taught = tuple(taught)
        made: Any = twin(of, taught, seen)
        self.many: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[made]).decode
        self.one: Callable[[bytes], Any] = msgspec.json.Decoder(made).decode
        self.convert: Callable[[Mapping[str, Any]], Any] = functools.partial(msgspec.convert, type=made, strict=False)
        self.adopt = adopter(of, taught, interned)
        self.accounts = Accounts(of, taught)


class Reader(Generic[R]):
    """Builds rows of one class. Get it from `reader`, which keeps one for each class."""

    def __init__(self, cls: type[R]) -> None:
        self.cls = cls
        self.shape: Shape = shape(cls)
        self.columns = self.shape.columns
        self.names = self.shape.names
        schema(cls)  # raises for what is no type of a column
        self._interned = {f: Interned(s, f"{self.names[f]}.") for f, s in self.shape.structs.items()}
        _install_looks(self.shape)
        self._known = self.shape.known
        self._one_of_known: Callable[[bytes], Any] = msgspec.json.Decoder(twin(self.shape, forbid=False)).decode
        self._seen: list[str] = []
        self._looked = False
        self._narrow = _Twin(self.shape, self._interned, (), ())
        self._twin = self._narrow  # the one for records as they come just now
        self._twins: dict[tuple[str, ...], _Twin] = {}

    # --- JSON ---------------------------------------------------------------------------------------------------------

    def array(self, text: bytes, first: int) -> Batch[R]:
        """The rows of *text*, a JSON array of records, numbered from *first*.

        Raises `msgspec.DecodeError` where the text is not JSON; a record that does not fit the class is only rejected.
        """
        rows = self._quick(text)
        if rows is None:
            return self.records(_cut(text), first)
        return Batch(rows, range(first, first + len(rows)), len(rows), raw=_Array(text, first))

    def _quick(self, text: bytes) -> list[R] | None:
        """All records at once; None where one of them needs a closer look, or the text is not JSON."""
        try:
            if not text.isascii():
                text.decode()
            if _is_spread(text):
                text = msgspec.json.format(text, indent=-1)
            if not self._looked:
                self._look(text)
            now = self._twin  # held, since another thread may teach the next one meanwhile
            try:
                rows = now.many(text)
            except msgspec.ValidationError:
                if not self._learn(text):
                    return None
                now = self._twin
                rows = now.many(text)
            if not now.accounts.balance(text, rows):
                return None
            _adopt(now, rows)
        except (ValueError, OverflowError, RecursionError):  # DecodeError and UnicodeDecodeError are ValueErrors
            return None
        return rows

    def records(self, records: Sequence[bytes], first: int) -> Batch[R]:
        """Rows of single records, each a JSON text; what is none is rejected with its bytes."""
        return self.each(records, self.one, first)

    def each(self, records: Sequence[bytes], build: Callable[[bytes], R], first: int) -> Batch[R]:
        """A batch of what *build* makes of each record; one on which it raises ValueError is rejected."""
        rows: list[R] = []
        numbers: list[int] = []
        rejected: list[Rejected] = []
        for number, record in enumerate(records, first):
            try:
                rows.append(build(record))
            except (ValueError, OverflowError, RecursionError) as error:
                rejected.append(Rejected(record, _reason(error), number))
            else:
                numbers.append(number)
        return Batch(rows, numbers, len(records), tuple(rejected), raw=_Listed(records, first))

    def one(self, record: bytes) -> R:
        """A row from one JSON object. Raises `ValueError` if it does not fit."""
        record.decode()
        if _is_spread(record):
            check(record, self.shape)
            record = msgspec.json.format(record, indent=-1)
        extra: list[bytes] = []
        check(record, self.shape, "", extra)
        narrow = self._narrow
        row = self._one_of_known(record) if extra else narrow.one(record)
        _adopt(narrow, (row,))
        if extra:
            add_extra(row, extra)
        return cast(R, row)

    def _look(self, text: bytes) -> None:
        """Learn from the first block in which order its records have their names."""
        self._looked = True
        for record in _cut(text)[:100]:
            at = 0
            for name in _names(record):
                if name in self._seen:
                    at = self._seen.index(name) + 1
                else:
                    self._seen.insert(at, name)
                    at += 1
        self._narrow = self._twin = _Twin(self.shape, self._interned, (), self._seen)

    def _learn(self, text: bytes) -> bool:
        """Teach the twin the unknown fields in *text*; False if there are none, or too many."""
        found = {name for record in _cut(text) for name in _names(record)} - self._known
        taught = tuple(sorted(found.union(self._twin.taught)))
        if not found.difference(self._twin.taught) or len(taught) > len(TEACHABLE):
            self._twin = self._narrow
            return False
        if taught not in self._twins:
            if len(self._twins) >= _TWINS:
                return False
            self._twins[taught] = _Twin(self.shape, self._interned, taught, self._seen)
        self._twin = self._twins[taught]
        return True

    # --- text ---------------------------------------------------------------------------------------------------------

    def text(self, values: Mapping[str, str | None]) -> R:
        """A row from text values by the names of the format; None is null, unknown names go to ``extra``.

        Raises `ValueError` if a value does not fit its column, or a required one is missing.
        """
        known = {k: v for k, v in values.items() if k in self._known and v is not None}
        narrow = self._narrow
        row = narrow.convert(known)
        _adopt(narrow, (row,))
        extra = [b"%b:%b" % (_encode(k), _encode(v)) for k, v in values.items() if k not in self._known]
        if extra:
            add_extra(row, extra)
        return cast(R, row)

    def delimited(self, names: Sequence[str]) -> Callable[[bytes], list[R]]:
        """A decoder of ``[["value",null,…],…]``, values in the order of *names*, which must all be known.

        It raises `msgspec.DecodeError` if one of the lines does not fit.
        """
        decode = in_order(self.shape, names)
        narrow = self._narrow

        def read(text: bytes) -> list[R]:
            rows = decode(text)
            _adopt(narrow, rows)
            return rows

        return read


@functools.cache
def reader(cls: type[R]) -> Reader[R]:
    """The `Reader` of a row class."""
    return Reader(cls)


def _adopt(by: _Twin, rows: Sequence[Any]) -> None:
    """Make twins rows. An error of a `Convert` function rejects the record as a wrong value does."""
    try:
        by.adopt(rows)
    except (ValueError, OverflowError):
        raise
    except Exception as error:
        raise RecordError(describe(error)) from error


def _is_spread(text: bytes) -> bool:
    """Whether JSON is spread over lines: nested values go verbatim into a line of a chunk, which must be one."""
    return b"\n" in text or b"\r" in text


def _cut(text: bytes) -> list[bytes]:
    """The records of a JSON array, each as it stands there. Raises DecodeError if it is none."""
    try:
        return [bytes(raw) for raw in _raws(text)]
    except RecursionError:
        raise msgspec.DecodeError("a record is nested too deeply to be told from the next") from None


class _Array:
    """The bytes of records by number, out of a JSON array; cut only when somebody asks."""

    def __init__(self, text: bytes, first: int) -> None:
        self._text, self._first = text, first
        self._records: list[bytes] | None = None

    def __call__(self, number: int) -> bytes:
        if self._records is None:
            self._records = _cut(self._text)
        return self._records[number - self._first]


class _Listed:
    def __init__(self, records: Sequence[bytes], first: int) -> None:
        self._records, self._first = records, first

    def __call__(self, number: int) -> bytes:
        return self._records[number - self._first]


def _install_looks(of: Shape) -> None:
    for column in of.json:
        slot = of.cls.__dict__[column]
        if not isinstance(slot, Look):
            setattr(of.cls, column, Look(slot, of.hints[column], frozen=not of.is_row))
    for inner in of.structs.values():
        _install_looks(inner)


def _names(record: bytes) -> Iterable[str]:
    try:
        return _keys(record)
    except ValueError:  # no object: it is rejected when each is looked at alone
        return ()


def _reason(error: BaseException) -> str:
    match error:
        case RecordError():
            return str(error)
        case UnicodeDecodeError():
            return f"it is not UTF-8 (byte {error.start})"
        case RecursionError():
            return "it is nested too deeply"
        case msgspec.ValidationError():
            return str(error)
        case msgspec.DecodeError():
            return f"it is not JSON: {error}"
        case _:
            return f"{type(error).__name__}: {error}"
