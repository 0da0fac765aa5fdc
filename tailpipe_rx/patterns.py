"""Regular expressions that come from users, on RE2: linear in the length of the text, whatever the pattern.

The only module that imports it. What RE2 does not know (look-around, back-references, possessive repeats) is refused
when a pattern is compiled, never met in the middle of a collection.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import re2

from .errors import UsageError

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False  # RE2 would write to stderr by itself; the error below says it all

# escaped characters and classes are passed over, as they may hold what looks like a group
_NAMED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P?<(\w+)>", re.DOTALL)

Groups = dict[str, str]
"""What the named groups of a pattern matched; groups that took no part are absent."""


class Pattern:
    """A compiled pattern. Get it from `compile`; it pickles as its text."""

    __slots__ = ("_match", "_places", "names", "text")

    def __init__(self, text: str) -> None:
        try:
            found: Any = re2.compile(text, _OPTIONS)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise UsageError(f"the pattern {text!r} is not one that RE2 can match: {reason}") from None
        except UnicodeEncodeError:
            raise UsageError(f"the pattern {text!r} holds characters that are no Unicode text") from None
        names = [name for name in _NAMED.findall(text) if name]
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), None):
            raise UsageError(f"the pattern {text!r} names two groups {twice!r}; only the first would be seen")
        self.text: Final = text
        self._match: Final = found.fullmatch
        self._places: Final = sorted((place - 1, name) for name, place in found.groupindex.items())
        self.names: Final = tuple(name for _, name in self._places)
        """The names of its named groups, from left to right."""

    def fullmatch(self, text: str) -> Groups | None:
        """What the named groups matched, if the pattern matches the whole of *text*; else None."""
        # In bytes: RE2 counts in bytes, and translating each of its offsets costs more than the match.
        found = self._match(text.encode(errors="surrogatepass"))
        if found is None:
            return None
        groups = found.groups()
        return {
            name: groups[place].decode(errors="surrogatepass")
            for place, name in self._places
            if groups[place] is not None
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return compile, (self.text,)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


@functools.lru_cache(maxsize=256)
def compile(text: str) -> Pattern:
    """Compile a pattern, once a process. Raises `UsageError` with RE2's reason for one that it refuses.

    >>> compile(r"(?P<who>[a-z]+) says (?P<what>.*)").fullmatch("bob says hello")
    {'who': 'bob', 'what': 'hello'}
    >>> compile(r"(a)\\1")
    Traceback (most recent call last):
    tailpipe_rx.errors.UsageError: the pattern '(a)\\\\1' is not one that RE2 can match: invalid escape sequence: \\1
    """
    return Pattern(text)
