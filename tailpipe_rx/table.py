"""A table: a name, and how an artifact becomes its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, get_type_hints

import attrs

from .errors import UsageError
from .events import Artifact, Rejected
from .operators.elements import Batch
from .operators.operator import Operator
from .operators.pipe import ends, stages_of
from .operators.runner import iterate
from .operators.unbatched import rows
from .rows.row import Row
from .sources.files import FileSource

R_co = TypeVar("R_co", bound=Row, covariant=True)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _valid(_: object, __: object, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a table: small letters, digits and _, a letter first")


@attrs.frozen
class Table(Generic[R_co]):
    """A name, and the chain that makes rows of an artifact. The row class is what the chain ends in.

    >>> from tailpipe_rx.tables.aws.cloudtrail import cloudtrail
    >>> cloudtrail.row.__name__, cloudtrail.description
    ('CloudTrailLog', 'API activity and user actions in an AWS account.')
    """

    name: str = attrs.field(validator=_valid)
    extract: Operator[Artifact, Batch[R_co]]
    layouts: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, hash=False)
    """How files are laid out in a source of a given type, where the user says nothing else."""

    @property
    def row(self) -> type[R_co]:
        """The row class. Raises `UsageError` where the chain does not show it."""
        return row_class(self.extract, self.name)

    @property
    def description(self) -> str:
        """What the row class says of itself, first line."""
        return (self.row.__doc__ or "").strip().partition("\n")[0]

    def rows(
        self, location: str | Path | list[str], on_rejected: Callable[[Rejected], object] | None = None
    ) -> Iterator[R_co]:
        """The rows of files, for a notebook or a test: read as they are asked for, not enriched.

        A rejected record goes to *on_rejected*; without it the first one raises `RejectedRecord`.
        """
        unwrap: Callable[[Any], Any] = rows(on_rejected)
        return iterate(unwrap(self.extract(FileSource(location).discover())))


def row_class(chain: Operator[Any, Any], table: str) -> type[Any]:
    """The class of the rows that a chain ends in."""
    for stage in reversed(stages_of(chain)):
        if not isinstance(stage, Operator):
            continue
        if stage.factory.__name__ in ("filter", "do_action"):  # they keep what there is
            continue
        found = ends(stage)[1].of
        if found is None and stage.factory.__name__ in ("map", "unbatched"):
            found = _returned(stage.args[0])
        if isinstance(found, type) and issubclass(found, Row):
            return found
        break
    raise UsageError(
        f"table {table}: the chain does not show which row class it ends in; "
        "annotate what its last function returns, or end it in an extractor that takes the class"
    )


def _returned(fn: Any) -> Any:
    try:
        hint = get_type_hints(fn).get("return")
    except (NameError, TypeError):
        return None
    return next((a for a in getattr(hint, "__args__", ())), hint)
