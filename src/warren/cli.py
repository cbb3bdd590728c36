"""The `warren` command."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from warren.brokers import Own
from warren.errors import BrokerRefused, WarrenError
from warren.terminal import complaints, console, progress


class _Commands(typer.core.TyperGroup):
    """Says a WarrenError as one sentence, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except WarrenError as error:
            complaints.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands,
    help="RabbitMQ by hand: a course in JupyterLab with a real broker behind every cell.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def up(with_: Annotated[Own | None, typer.Option("--with", help="The only way to try.")] = None) -> None:
    """Start a broker, or say which one runs."""
    from warren import brokers
    from warren.brokers import external

    named = external.address()
    if named and with_:
        raise BrokerRefused(f"WARREN_URL is in force ({named}): unset it to start a broker of your own.")
    with progress() as tell:
        broker = brokers.find(progress=tell) if named else brokers.up(with_, tell)
    more = (
        f"It is the one of WARREN_URL, {named}: unset that to start one of your own."
        if named
        else "`warren url` prints its address, `warren down` stops it."
    )
    console.print(f"RabbitMQ {broker.version} ({broker.kind}) runs. {more}", soft_wrap=True, markup=False)


@app.command()
def down() -> None:
    """Stop the broker that Warren started."""
    from warren import brokers

    console.print("The broker is stopped." if brokers.down() else "No broker was running.")


@app.command()
def restart() -> None:
    """Stop the broker's node and boot it again, on the same ports and data."""
    broker = _running()
    with console.status("Restarting RabbitMQ"):
        broker.restart()
    console.print(f"RabbitMQ {broker.version} is back.")


@app.command()
def status() -> None:
    """Say which broker the lessons use. Exit code 1 if there is none."""
    broker = _running()
    console.print(
        f"RabbitMQ {broker.version} ({broker.kind}) runs. Management: {broker.management_url or 'not reachable'}",
        soft_wrap=True,
    )


@app.command()
def logs(lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="How many lines from the end.")] = 50) -> None:
    """Print the end of the broker's log."""
    from warren.brokers import external, folders, supervised

    if named := external.address():
        raise BrokerRefused(f"WARREN_URL is in force ({named}): that broker keeps its log where it runs.")
    console.print(supervised.tail(folders.state(), lines), markup=False, soft_wrap=True)


@app.command()
def url() -> None:
    """Print the AMQP URL, with its password, for a program of yours."""
    print(_running().url)  # plain: for `$(warren url)`


@app.command()
def doctor() -> None:
    """Check what the course needs, and name the command that mends what is missing."""
    from rich.table import Table

    from warren.needs import doctor as examine

    report = examine()
    table = Table("need", "state", "found", "what mends it", box=None)
    for need in report:
        table.add_row(need.name, need.state, Text(need.found), Text(need.mend, style="bold"))
    console.print(table)
    if not report.well:
        raise typer.Exit(1)


def _running() -> Any:
    from warren import brokers

    return brokers.find(start=False)


def _register() -> None:
    """The commands that other rooms bring."""
    from warren.checks import command
    from warren.launch import lab

    for function in (lab, command.check, command.progress):
        app.command()(function)


_register()

if __name__ == "__main__":
    app(prog_name="warren" if sys.argv[0].endswith("cli.py") else None)
