"""What an author may write in a row class, what is refused and why, and how rows behave as objects."""

import copy
import pickle
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from made import TIME, at_once

from tailpipe_rx.events import Rejected
from tailpipe_rx.operators.elements import Batch
from tailpipe_rx.rows.enrich import press
from tailpipe_rx.rows.reader import Reader, reader
from tailpipe_rx.rows.row import Common, Json, Row, Struct, field
from tailpipe_rx.tables.aws.cloudtrail import CloudTrailLog, cloudtrail


class Who(Struct, rename="camel"):
    user_name: str | None = None


class Greeting(Row, rename="camel"):
    """Somebody said hello."""

    said_at: Annotated[datetime, "When."]
    who: Annotated[Who | None, "Who."] = None
    word: Annotated[str | None, "What."] = None
    more: Annotated[Json[dict[str, Any]] | None, "What else."] = None

    def common(self) -> Common:
        return Common(timestamp=self.said_at)


HELLO = b'{"saidAt":"2026-01-02T03:04:05Z","who":{"userName":"ada"},"word":"hi","more":{"n":1.10}}'


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("default", ["", 0, False, (), field(default="x"), field(default_factory=list)])
def test_a_default_other_than_none_is_refused(default: Any) -> None:
    with pytest.raises(TypeError, match=r"Bad\.word: write '= None'"):
        type(Row)("Bad", (Row,), {"__annotations__": {"word": Any}, "word": default, "__module__": __name__})


@pytest.mark.parametrize("name", [*Row.__struct_fields__, "common", "parse"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"Bad.{name}: the name is taken"):
        type(Row)("Bad", (Row,), {"__annotations__": {name: str}, "__module__": __name__})


def test_a_row_class_derives_from_row_alone() -> None:
    class Mixin:
        pass

    with pytest.raises(TypeError, match="derive it from Row or Struct"):

        class Further(Greeting):
            pass

    with pytest.raises(TypeError, match="derive it from Row or Struct"):

        class Mixed(Row, Mixin):
            pass

    with pytest.raises(TypeError, match="derive it from Row or Struct"):

        class Both(Row, Struct):  # type: ignore[misc]
            pass


@pytest.mark.parametrize(
    "argument", ["frozen", "kw_only", "omit_defaults", "forbid_unknown_fields", "tag", "array_like"]
)
def test_another_argument_than_rename_is_refused(argument: str) -> None:
    with pytest.raises(TypeError, match=f"takes rename= and nothing else, not {argument}"):
        type(Row)("Bad", (Row,), {"__module__": __name__}, **{argument: True})


def test_two_columns_read_from_one_name_are_refused() -> None:
    class Twice(Row, rename="camel"):
        time: datetime
        event_id: str | None = None
        other: str | None = field(default=None, name="eventId")

    with pytest.raises(TypeError, match="Twice: two columns are read from 'eventId'"):
        reader(Twice)


def test_json_of_structs_that_can_be_changed_is_refused() -> None:
    class Items(Row):
        time: datetime
        items: Json[list[Who]] | None = None

    with pytest.raises(TypeError, match=r"Items\.items: a Json column of Structs must be immutable"):
        reader(Items)

    class Plain(msgspec.Struct):
        name: str

    class Others(Row):
        time: datetime
        items: Json[tuple[Plain, ...]] | None = None

    with pytest.raises(TypeError, match="must be immutable"):
        reader(Others)


@pytest.mark.parametrize(
    "kind",
    [dict[str, Any], Any, list[dict[str, str]], list[Who], tuple[Who, ...], Decimal, Literal["a"], str | int, object],
)
def test_a_type_that_would_not_keep_what_a_record_says_is_refused(kind: Any) -> None:
    bad: Any = type(Row)(
        "Bad", (Row,), {"__annotations__": {"word": kind | None}, "word": None, "__module__": __name__}
    )
    with pytest.raises(TypeError, match=r"Bad\.word: .*(Json|DuckDB)"):
        Reader(bad)


def test_a_wrong_type_inside_a_struct_names_its_place() -> None:
    class Inner(Struct):
        things: dict[str, Any] | None = None

    class Outer(Row):
        time: datetime
        inner: Inner | None = None

    with pytest.raises(TypeError, match=r"Inner\.things: dict"):
        reader(Outer)


def test_values_are_not_given_by_position() -> None:
    with pytest.raises(TypeError):
        Greeting(datetime(2026, 1, 2))  # type: ignore[misc]
    with pytest.raises(TypeError):
        Who("ada")  # type: ignore[misc]


def test_a_row_class_without_common_says_what_to_write() -> None:
    class Mute(Row):
        time: datetime

    batch: Batch[Any] = at_once(reader(Mute), [b"{%b}" % TIME])
    _, count, rejected = press(batch, "0" * 16, msgspec.Raw(b'"t"'), None)
    assert count == 0
    assert rejected == (
        Rejected(b"{%b}" % TIME, "TypeError: Mute has no common(): write it, so that the row has a time", 0, "common"),
    )


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rename", "name"),
    [
        (None, "request_id"),
        ("camel", "requestId"),
        ("pascal", "RequestId"),
        ("kebab", "request-id"),
        ("upper", "REQUEST_ID"),
        (str.title, "Request_Id"),
        ({"request_id": "rid"}, "rid"),
    ],
)
def test_rename_says_how_the_format_writes_names(rename: Any, name: str) -> None:
    cls: Any = type(Row)(
        "Renamed", (Row,), {"__annotations__": {"request_id": str}, "__module__": __name__}, rename=rename
    )
    assert reader(cls).names == {"request_id": name}
    (row,) = at_once(reader(cls), [b'{"%b":"x"}' % name.encode()]).rows
    assert msgspec.json.encode(row) == b'{"request_id":"x"}'


def test_field_says_it_of_one_column() -> None:
    class Named(Row, rename="camel"):
        time: datetime
        event_id: str = field(name="eventID")
        odd: str | None = field(default=None, name="a b.é")

    assert reader(Named).names == {"time": "time", "event_id": "eventID", "odd": "a b.é"}
    (row,) = at_once(reader(Named), ['{"time":"2026-01-02T03:04:05Z","eventID":"1","a b.é":"x"}'.encode()]).rows
    assert (row.event_id, row.odd) == ("1", "x")
    assert b'"event_id":"1","odd":"x"' in msgspec.json.encode(row)


def test_a_name_that_no_decoder_takes_is_kept_in_extra() -> None:
    (row,) = at_once(reader(Greeting), [b'{"saidAt":"2026-01-02T03:04:05Z","a\\"b\\n":1}']).rows
    assert bytes(row.extra) == b'{"a\\"b\\n":1}'


# --- rows as objects --------------------------------------------------------------------------------------------------


def test_parse_gives_a_row_of_the_class() -> None:
    row = Greeting.parse(HELLO)
    assert type(row) is Greeting
    assert row.who is not None and row.who.user_name == "ada" and type(row.who) is Who
    assert Greeting.parse({"saidAt": "2026-01-02T03:04:05Z", "word": "hi"}).word == "hi"
    with pytest.raises(ValueError, match="saidAt"):
        Greeting.parse(b"{}")
    texts: Mapping[str, str | None] = {"word": "hi"}
    with pytest.raises(ValueError, match="saidAt"):
        Greeting.parse(texts)


def test_rows_are_equal_if_they_are_written_alike() -> None:
    row, same = Greeting.parse(HELLO), Greeting.parse(HELLO)
    assert row == same
    assert row.more == {"n": 1.1}
    same.word = "bye"
    assert row != same
    assert row != HELLO and Greeting(said_at=row.said_at) != CloudTrailLog(event_time=row.said_at)
    made = Greeting(said_at=row.said_at, who=Who(user_name="ada"), word="hi", more={"n": 1.1})
    assert made == row


def test_rows_cannot_be_hashed_since_they_can_be_changed() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Greeting.parse(HELLO))


def test_a_row_shows_what_it_holds_and_is_written_as_before() -> None:
    row = Greeting.parse(HELLO)
    before = msgspec.json.encode(row)
    assert repr(row) == (
        "Greeting(said_at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "
        "who=Who(user_name='ada'), word='hi', more={'n': 1.1})"
    )
    assert msgspec.json.encode(row) == before and b"1.10" in before


def test_a_row_made_by_hand_is_written_as_one_that_was_read() -> None:
    row = Greeting(said_at=datetime.fromisoformat("2026-01-02T03:04:05Z"), word="hi", more={"b": 1, "a": [None]})
    assert msgspec.json.encode(row) == b'{"said_at":"2026-01-02T03:04:05Z","word":"hi","more":{"b":1,"a":[null]}}'


def test_a_copy_of_a_row_is_independent_of_it() -> None:
    row = Greeting.parse(HELLO)
    other = copy.copy(row)
    other.word = "bye"
    assert row.word == "hi" and other.who == row.who
    assert Greeting.parse(HELLO) == row


def test_classes_and_tables_pickle_by_reference() -> None:
    reader(Greeting)
    assert pickle.loads(pickle.dumps(Greeting)) is Greeting
    assert pickle.loads(pickle.dumps(CloudTrailLog)) is CloudTrailLog
    assert pickle.loads(pickle.dumps(cloudtrail)) == cloudtrail


def test_a_reader_is_kept_for_each_class() -> None:
    assert reader(Greeting) is reader(Greeting)
    assert reader(Greeting).cls is Greeting
    assert reader(Greeting).columns == ("said_at", "who", "word", "more")


def test_methods_and_properties_are_no_columns() -> None:
    class Rich(Row):
        time: datetime

        @property
        def hour(self) -> int:
            return self.time.hour

        def common(self) -> Common:
            return Common(timestamp=self.time)

    assert reader(Rich).columns == ("time",)
    assert Rich.parse(b"{%b}" % TIME).hour == 3
