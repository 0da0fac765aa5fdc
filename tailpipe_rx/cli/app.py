"""The commands and their options; what goes wrong becomes one line and an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from ..errors import TailpipeError, UsageError, describe
from . import display
from .outcome import FAILED, INTERRUPTED, NOBODY_LISTENS, OK, USAGE

if TYPE_CHECKING:  # these take a quarter of a second, which --help must not
    from ..plugin import Plugin

_MOST_WORKERS: Final = 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")


@attrs.define
class State:
    """What the options of all commands share."""

    plugin: Plugin | None = None
    debug: bool = False


def run(args: Sequence[str] | None, plugin: Plugin | None = None) -> int:
    """Run the command line; the exit code. Never raises: without ``--debug`` there is no traceback either."""
    code = _run(args, plugin)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        display.silence(sys.stdout)
        return NOBODY_LISTENS
    except OSError as error:
        display.silence(sys.stdout)
        display.error(f"standard output cannot be written to: {error.strerror}")
        return FAILED
    return code


def _run(args: Sequence[str] | None, plugin: Plugin | None) -> int:
    state = State(plugin)
    name = os.path.basename(sys.argv[0]) if plugin is not None else "tailpipe-rx"
    try:
        given = list(sys.argv[1:] if args is None else args)
        # not app.main(), which has an exit code of its own for a closed stdout
        with _debug_shows(state), app.make_context(name, given, obj=state) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as ended:  # after --help and --version
        return ended.exit_code
    except click.UsageError as error:
        display.error(_usage(error, name))
        return USAGE
    except UsageError as error:
        display.error(str(error))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        display.silence(sys.stdout)
        return NOBODY_LISTENS
    except (TailpipeError, OSError, click.ClickException) as error:
        display.error(error.format_message() if isinstance(error, click.ClickException) else describe(error))
        return FAILED
    except Exception as error:
        text = describe(error)
        where = re.search(r"\((\S+):\d+, in .*\)$", text)
        bug = f"this is a bug in {where[1] if where else 'tailpipe_rx'}; --debug shows the traceback"
        display.error(f"{text} ({bug})")
        return FAILED
    return code if isinstance(code, int) else OK


@contextlib.contextmanager
def _debug_shows(state: State) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if state.debug and not isinstance(error, click.exceptions.Exit):
            traceback.print_exc()
        raise


def _usage(error: click.UsageError, name: str) -> str:
    command = error.ctx.command_path if error.ctx is not None else name
    text = error.format_message().rstrip(".")
    return f"{text} ({command} --help)"


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.ensure_object(State).debug |= value


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("tailpipe-rx")
    except PackageNotFoundError:
        number = "(not installed)"
    click.echo(f"tailpipe-rx {number}")
    context.exit()


def _at_least(least: int, meaning: str, most: int | None = None) -> Any:
    def check(_: click.Context, parameter: click.Parameter, value: int) -> int:
        if value < least:
            raise click.BadParameter(f"{value} is less than {least}; {meaning}")
        if most is not None and value > most:
            raise click.BadParameter(f"{value} is more than {most}; {meaning}")
        return value

    return check


def _not_empty(_: click.Context, parameter: click.Parameter, value: str) -> Path:
    if not value:  # an unset variable, more often than not
        raise click.BadParameter("it is empty; . is the current directory")
    return Path(value)


def _plugin(state: State, spec: str | None) -> Plugin | None:
    if spec is None:
        return state.plugin
    from ..plugin import import_plugin

    with contextlib.redirect_stdout(sys.stderr):  # what it prints while it is imported is no data
        return import_plugin(spec)


debug = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_set_debug, help="Show tracebacks."
)
plugin_option = click.option(
    "--plugin", "spec", metavar="FILE.py|MODULE", help="A plugin: its tables can be collected too."
)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
@click.pass_context
def app(context: click.Context) -> None:
    """Collect logs as enriched rows.

    \b
      tailpipe-rx tables                                   what can be collected
      tailpipe-rx collect aws_cloudtrail_log logs/         collect it
      tailpipe-rx collect my_log --plugin my_log.py logs/  a table of your own
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@app.command(short_help="Collect files as rows of a table.")
@click.argument("target", metavar="TABLE[.PARTITION]")
@click.argument("locations", metavar="LOCATION...", nargs=-1, required=True)
@plugin_option
@click.option(
    "--into",
    default="tailpipe-out",
    callback=_not_empty,
    show_default="./tailpipe-out",
    metavar="DIR",
    help="Where the chunks go; one directory holds one table and partition.",
)
@click.option(
    "--workers",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    callback=_at_least(0, "0 works in this process, N in N worker processes", _MOST_WORKERS),
    help="Processes to work in; 0 is this one.",
)
@click.option(
    "--chunk-rows",
    type=int,
    default=10_000,
    show_default=True,
    metavar="N",
    callback=_at_least(1, "a chunk has at least one row"),
    help="Rows of a chunk.",
)
@click.option("--json", is_flag=True, help="Write every event to stdout, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="Say nothing when all went well.")
@debug
@click.pass_obj
def collect(
    state: State,
    target: str,
    locations: tuple[str, ...],
    spec: str | None,
    into: Path,
    workers: int,
    chunk_rows: int,
    json: bool,
    quiet: bool,
) -> int:
    """Collect files as rows of TABLE.

    LOCATION is a file, a directory (with all that is below it) or a quoted glob ('logs/**/*.gz'). Rows are written to
    DIR in chunks of JSON lines; records that are no rows are kept in DIR/quarantine, with the reason.

    \b
    Exit code:  0 done           1 failed           2 used wrongly
                3 done, with rejected records or failed files
                130, 143 stopped by Ctrl-C or SIGTERM; a second one aborts
    """
    name, partition = _target(target)
    from .collecting import collect_files

    return collect_files(
        name, partition, locations, _plugin(state, spec), spec, into, workers, chunk_rows, json, quiet, state.debug
    )


@app.command(short_help="List the tables, or the columns of one.")
@click.argument("name", required=False)
@plugin_option
@click.option("--json", is_flag=True, help="Write it as JSON.")
@debug
@click.pass_obj
def tables(state: State, name: str | None, spec: str | None, json: bool) -> None:
    """List the tables that can be collected; with NAME, its columns with their types and what they hold."""
    from .describing import list_tables, show_table

    plugin = _plugin(state, spec)
    if name is None:
        list_tables(plugin, json)
    else:
        show_table(name, plugin, json)


def _target(text: str) -> tuple[str, str]:
    """Table and partition. Both become part of rows, paths and SQL, so that few characters are allowed."""
    table, dot, partition = text.partition(".")
    if not dot:
        partition = "default"
    for what, name in (("table", table), ("partition", partition)):
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name of a {what}: letters, digits, _ and - only, as in aws_cloudtrail_log.prod"
            )
    return table, partition
