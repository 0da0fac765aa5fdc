"""A complete plugin: greetings, one a line, become rows.

tailpipe-rx collect hello_greeting --plugin examples/hello.py examples/logs/hello.log
"""

from datetime import datetime
from typing import Annotated

from tailpipe_rx import Common, Plugin, Row, Table, main, ops


class Greeting(Row):
    """Somebody said hello."""

    at: Annotated[datetime, "When."]
    name: Annotated[str, "Who."]

    def common(self) -> Common:
        return Common(timestamp=self.at, usernames=[self.name])


greetings = Table("hello_greeting", ops.pipe(ops.load(), ops.lines(), ops.regex(r"(?P<at>\S+) (?P<name>.+)", Greeting)))

if __name__ == "__main__":
    main(Plugin("hello", tables=[greetings]))
