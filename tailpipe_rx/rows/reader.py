"""From records to rows of one class."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from ..errors import RecordError
from ..events import Rejected
from ..operators.elements import Batch
from .checks import check, whole
from .nested import Look
from .row import Row
from .twins import NOBODY, Seen, Shape, Taught, Twin, as_extra, in_order, shape

R = TypeVar("R", bound=Row)
_raws: Final = msgspec.json.Decoder(list[Raw]).decode
_keys: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.encode
_TWINS: Final = 64  # the most twins made for one class: making one costs about a millisecond


class Reader(Generic[R]):
    """Builds rows of one class. Get it from `reader`, which keeps one for each class."""

    def __init__(self, cls: type[R]) -> None:
        self.cls = cls
        self.shape: Shape = shape(cls)
        self.columns = self.shape.columns
        self.names = self.shape.names
        _install_looks(self.shape)
        self._known = frozenset(self.names.values())
        self._seen: Seen = {}
        self._narrow = Twin(self.shape, {}, {})
        self._twin = self._narrow  # the one for records as they come just now
        self._twins: dict[Any, Twin] = {}

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
            if not self._seen:
                self._look(text)
            try:
                rows = self._twin.many(text)
            except msgspec.ValidationError:
                if not self._learn(text):
                    return None
                rows = self._twin.many(text)
            self._twin.adopt(rows)
            if not whole(text, rows, self.shape, self._twin):
                return None
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
        values = check(record, self.shape)
        try:
            row = self._narrow.one(record)
            extra: list[bytes] = []
        except msgspec.ValidationError:
            known, extra = _divided(values, self.shape, "")
            if not extra:
                raise
            row = self._narrow.one(known)
        self._narrow.adopt((row,))
        if extra:
            row.extra = as_extra(extra)
        return cast(R, row)

    def _look(self, text: bytes) -> None:
        """Learn from the first block in which order its records have their names."""
        seen: dict[str, list[str]] = {"": []}
        for record in _cut(text)[:100]:
            _order(record, self.shape, "", seen)
        self._seen = seen
        self._narrow = self._twin = Twin(self.shape, {}, seen)

    def _learn(self, text: bytes) -> bool:
        """Teach the twin the unknown fields in *text*; False if there are none, or too many."""
        found: dict[str, set[str]] = {}
        for record in _cut(text):
            _unknown(record, self.shape, "", found)
        for path, names in self._twin.taught.items():
            found.setdefault(path, set()).update(names)
        taught: Taught = {path: tuple(sorted(names)) for path, names in sorted(found.items())}
        if taught == self._twin.taught or not _fits(taught, self.shape, ""):
            self._twin = self._narrow
            return False
        key = tuple(taught.items())
        if key not in self._twins:
            if len(self._twins) >= _TWINS:
                return False
            self._twins[key] = Twin(self.shape, taught, self._seen)
        self._twin = self._twins[key]
        return True

    # --- text ---------------------------------------------------------------------------------------------------------

    def text(self, values: Mapping[str, str | None]) -> R:
        """A row from text values by the names of the format; None is null, unknown names go to ``extra``.

        Raises `ValueError` if a value does not fit its column, or a required one is missing.
        """
        known = {k: v for k, v in values.items() if k in self._known and v is not None}
        row = self._narrow.convert(known)
        self._narrow.adopt((row,))
        extra = [b"%b:%b" % (_encode(k), _encode(v)) for k, v in values.items() if k not in self._known]
        if extra:
            row.extra = as_extra(extra)
        return cast(R, row)

    def delimited(self, names: Sequence[str]) -> Callable[[bytes], list[R]]:
        """A decoder of ``[["value",null,…],…]``, values in the order of *names*, which must all be known.

        It raises `msgspec.DecodeError` if one of the lines does not fit.
        """
        decode = in_order(self.shape, names)
        adopt = self._narrow.adopt

        def read(text: bytes) -> list[R]:
            rows = decode(text)
            adopt(rows)
            return rows

        return read


@functools.cache
def reader(cls: type[R]) -> Reader[R]:
    """The `Reader` of a row class."""
    return Reader(cls)


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
            setattr(of.cls, column, Look(slot, of.hints[column]))
    for inner in of.structs.values():
        _install_looks(inner)


def _divided(values: Mapping[str, Raw], of: Shape, path: str) -> tuple[bytes, list[bytes]]:
    """A record without the fields that no column knows, and those as ``"path":value``."""
    known: dict[str, Raw] = {}
    extra: list[bytes] = []
    columns = {name: column for column, name in of.names.items()}
    for name, value in values.items():
        column = columns.get(name)
        if column is None:
            extra.append(b"%b:%b" % (_encode(path + name), bytes(value)))
            continue
        if column in of.structs and bytes(value)[:1] == b"{":
            inner, more = _divided(_keys(value), of.structs[column], f"{path}{name}.")
            extra += more
            value = Raw(inner)
        known[name] = value
    if len({pair.split(b":", 1)[0] for pair in extra}) < len(extra):
        raise RecordError("two of its unknown fields would have the same path in extra")
    return _encode(known), extra


def _unknown(record: bytes, of: Shape, path: str, found: dict[str, set[str]]) -> None:
    try:
        values = _keys(record)
    except (msgspec.DecodeError, UnicodeDecodeError):  # no object: its turn comes when each is looked at alone
        return
    known = set(of.names.values())
    unknown = {name for name in values if name not in known and not name.startswith(NOBODY)}
    if unknown:
        found.setdefault(path, set()).update(unknown)
    for column, inner in of.structs.items():
        value = values.get(of.names[column])
        if value is not None:
            _unknown(bytes(value), inner, f"{path}{of.names[column]}.", found)


def _order(record: bytes, of: Shape, path: str, seen: dict[str, list[str]]) -> None:
    try:
        values = _keys(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    names = seen.setdefault(path, [])
    at = 0
    for name in values:
        if name in names:
            at = names.index(name) + 1
        else:
            names.insert(at, name)
            at += 1
    for column, inner in of.structs.items():
        value = values.get(of.names[column])
        if value is not None:
            _order(bytes(value), inner, f"{path}{of.names[column]}.", seen)


def _fits(taught: Taught, of: Shape, path: str) -> bool:
    return len(taught.get(path, ())) <= len(of.spare) and all(
        _fits(taught, inner, f"{path}{of.names[column]}.") for column, inner in of.structs.items()
    )


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
