"""What rows/ takes for granted of CPython and msgspec: if an upgrade changes it, it is seen here first."""

import itertools
import json
from datetime import datetime
from typing import Annotated, Any

import msgspec
import pytest
from made import TIME
from msgspec import Raw

from tailpipe_rx.rows.reader import reader
from tailpipe_rx.rows.row import Json, Row, Struct


class Ordered(msgspec.Struct, kw_only=True, gc=False):
    a: int | None = None
    b: str | None = None
    c: Raw | None = None


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_classes_of_the_same_slots_have_one_layout_in_whatever_order_they_name_them(order: tuple[str, ...]) -> None:
    kinds = {"a": int | None, "b": str | None, "c": Raw}
    other = msgspec.defstruct(
        "Other", [(f, kinds[f], None) for f in order], kw_only=True, gc=False, forbid_unknown_fields=True
    )
    value: Any = msgspec.json.decode(b'{"a":1,"b":"x","c":{"d":1.10}}', type=other)
    value.__class__ = Ordered
    assert type(value) is Ordered
    assert (value.a, value.b, bytes(value.c)) == (1, "x", b'{"d":1.10}')
    assert msgspec.json.encode(value) == b'{"a":1,"b":"x","c":{"d":1.10}}'


def test_a_struct_may_become_a_frozen_one_of_the_same_slots() -> None:
    frozen = msgspec.defstruct("Frozen", [("a", int)], frozen=True, kw_only=True, gc=False)
    thawed = msgspec.defstruct("Thawed", [("a", int)], kw_only=True, gc=False)
    value: Any = thawed(a=1)
    value.__class__ = frozen
    with pytest.raises(AttributeError):
        value.a = 2
    frozen.a.__set__(value, 3)  # type: ignore[attr-defined]  # the slot itself is not
    assert value.a == 3


def test_rows_are_of_the_authors_class_and_so_are_the_structs_in_them() -> None:
    class Inner(Struct, rename="camel"):
        some_text: str | None = None

    class Outer(Row, rename="camel"):
        zeta: Annotated[Inner | None, "x"] = None
        time: datetime
        alpha_beta: Json[dict[str, Any]] | None = None

    text = b'{%b,"zeta":{"someText":"x"},"alphaBeta":{"a":1},"unknown":1}' % TIME
    read = reader(Outer)
    for row in (*read.array(b"[%b,%b]" % (text, text), 0).rows, read.one(text), *read.records([text], 0).rows):
        assert type(row) is Outer
        assert type(row.zeta) is Inner
        assert json.loads(msgspec.json.encode(row)) == {
            "extra": {"unknown": 1},
            "zeta": {"some_text": "x"},
            "time": "2026-01-02T03:04:05Z",
            "alpha_beta": {"a": 1},
        }


def test_of_a_name_that_stands_twice_the_last_value_is_decoded_silently() -> None:
    assert msgspec.json.decode(b'{"a":1,"a":2}', type=Ordered).a == 2
    assert msgspec.json.decode(b'{"a":1,"a":2}', type=dict[str, Raw]) == {"a": Raw(b"2")}


def test_an_unknown_field_is_a_validation_error_where_it_is_forbidden_and_broken_json_is_none() -> None:
    strict = msgspec.defstruct("Strict", [("a", int)], forbid_unknown_fields=True)
    with pytest.raises(msgspec.ValidationError, match="unknown field `b`"):
        msgspec.json.decode(b'{"a":1,"b":2}', type=strict)
    with pytest.raises(msgspec.DecodeError, match="truncated") as error:
        msgspec.json.decode(b'{"a":1', type=strict)
    assert type(error.value) is msgspec.DecodeError
    assert issubclass(msgspec.ValidationError, msgspec.DecodeError)
    assert issubclass(msgspec.DecodeError, ValueError)


def test_text_that_ends_too_early_says_truncated() -> None:
    for text in (b"[", b'[{"a":1', b'[{"a":1}', b'[{"a":"x'):
        with pytest.raises(msgspec.DecodeError, match="truncated"):
            msgspec.json.decode(text, type=list[Raw])


def test_raw_keeps_every_byte_and_null_is_no_none() -> None:
    one = msgspec.defstruct("One", [("a", Raw, None)])
    value: Any = msgspec.json.decode(b'{"a": {"n" : 1.10,"n":1e400}}', type=one)
    assert bytes(value.a) == b'{"n" : 1.10,"n":1e400}'
    assert msgspec.json.encode(value) == b'{"a":{"n" : 1.10,"n":1e400}}'
    null: Any = msgspec.json.decode(b'{"a":null}', type=one)
    assert type(null.a) is Raw and bytes(null.a) == b"null"


def test_raw_is_checked_for_being_json() -> None:
    for text in (b'"\\ud800"', b'"\n"', b'"\x01"', b'"\\x"', b"01", b"1.", b"NaN", b'{"a":1,}', b"tru"):
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(b"[%b]" % text, type=list[Raw])


def test_what_equals_its_default_is_not_written() -> None:
    sparse = msgspec.defstruct("Sparse", [("a", int | None, None), ("b", list[int] | None, None)], omit_defaults=True)
    assert msgspec.json.encode(sparse()) == b"{}"
    assert msgspec.json.encode(sparse(a=0, b=[])) == b'{"a":0,"b":[]}'


def test_format_changes_white_space_alone() -> None:
    text = b'{ "a" : 1.10e+5 ,\n"\\u0041\\/\xc3\xa9" : "a  b\\n", "a":-0 , "c":[1, 2 ,\r\n{ }, [ ]]}'
    assert (
        msgspec.json.format(text, indent=-1) == b'{"a":1.10e+5,"\\u0041\\/\xc3\xa9":"a  b\\n","a":-0,"c":[1,2,{},[]]}'
    )


def test_encode_into_leaves_what_it_wrote_and_no_more() -> None:
    buffer = bytearray(b"something longer that was there before")
    msgspec.json.Encoder().encode_into([1], buffer)
    assert buffer == b"[1]"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("\\u0041\\/\\u00e9", str),
        ("2026-01-02T03:04:05+00:00", datetime),
        ("2026-01-02T03:04:05Z", datetime),
        ("é", str),
    ],
)
def test_what_was_read_is_never_longer_when_it_is_written_again(value: str, kind: Any) -> None:
    text = f'"{value}"'.encode()
    assert len(msgspec.json.encode(msgspec.json.decode(text, type=kind))) <= len(text)


def test_a_whole_number_is_not_read_from_a_float() -> None:
    for text in (b"1.0", b"1e3", b"1E8"):  # they would be longer when they are written again
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=int)


def test_a_float_is_never_infinite() -> None:
    with pytest.raises(msgspec.ValidationError, match="out of range"):
        msgspec.json.decode(b"1e400", type=float)


def test_whole_numbers_have_any_size() -> None:
    number = 123456789012345678901234567890
    assert msgspec.json.decode(str(number).encode()) == number
    assert msgspec.json.encode({"n": number}) == b'{"n":%d}' % number
