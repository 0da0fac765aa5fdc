"""A plugin file that is run as a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from ..errors import PluginError
from ..plugin import Plugin, is_importing
from . import main as command_line


def main(plugin: Plugin, args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line with *plugin*'s tables. The last lines of a plugin file are::

    if __name__ == "__main__":
        main(plugin)
    """
    if is_importing():
        raise PluginError('main(plugin) runs while the file is imported; put it under: if __name__ == "__main__":')
    command_line(args, plugin=plugin)
