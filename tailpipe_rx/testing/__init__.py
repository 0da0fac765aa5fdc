"""The marble kit: draw what goes in, draw what must come out.

>>> from tailpipe_rx.operators.lifted import map
>>> from tailpipe_rx.testing import marbles
>>> marbles('''
...     lines   --[ab]--[c]--|
...     expect  --[AB]--[C]--|
... ''', map(str.upper))

In pytest, `marbles` is a fixture as well. Nothing here needs pytest.
"""

from .clock import NeverEnds, VirtualTime
from .conformance import check_operator
from .diagram import DiagramError
from .inline import Inline
from .kit import MarblesDiffer, draw, marbles
from .logs import log

__all__ = [
    "marbles",
    "draw",
    "log",
    "check_operator",
    "VirtualTime",
    "Inline",
    "DiagramError",
    "MarblesDiffer",
    "NeverEnds",
]
