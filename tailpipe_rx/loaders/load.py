"""`load`: from artifacts to their content."""

from __future__ import annotations

from collections.abc import Iterator

from reactivex import Observable

from ..events import Artifact
from ..operators.elements import Content
from ..operators.operator import operator
from ..operators.pull import each
from .file import PackedFile
from .sniff import sniff


@operator
def load(source: Observable[Artifact]) -> Observable[Content]:
    """Open an artifact and unpack it, in steps of at most 256 KB and never more than one step ahead.

    What it is shows in its first bytes, never in its name: plain, or gzip with any number of members. The file is open
    only while its content is looked at.

    Raises OSError if the file cannot be opened, `ArtifactError` if it was not fetched; while the content is iterated,
    `Truncated` and `Corrupt` after all that came before the damage.

    >>> import gzip
    >>> from tailpipe_rx import ops
    >>> from tailpipe_rx.testing import draw
    >>> a = Artifact("a.log", content=b"plain")
    >>> b = Artifact("b.log", content=gzip.compress(b"packed"))
    >>> draw("--a----b----|", ops.pipe(load(), ops.lines()), a=a, b=b, p="plain", q="packed")
    '--[p]--[q]--|'
    """
    return each(source, _contents)


def _contents(artifact: Artifact) -> Iterator[Content]:
    with PackedFile.open(artifact) as file:
        head = file.head()
        yield Content(artifact, sniff(head)(file, head))
