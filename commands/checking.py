"""`./compare.py check`: whether a run will work on this machine, and what to do if not."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands import options
from comparison.reports.plain_text import printable
from infrastructure.account import open_account
from infrastructure.errors import InfrastructureError
from measurement.doctor import Finding, look, works
from measurement.errors import MeasurementError
from measurement.lambda_project import REPOSITORY

_STYLES = {"ok": "green", "note": "yellow", "failure": "bold red"}


@click.command()
@click.option("--aws", is_flag=True, help="Ask AWS who you are; a call that costs nothing.")
@options.region
@click.option("--json", "as_json", is_flag=True, help="For programs: every finding.")
def check(region: str, *, aws: bool, as_json: bool) -> None:
    """Look whether a run will work here, and say what to do where it will not.

    Nothing is started, changed or downloaded. Exit code 0 when a run will work, else 1.
    """
    findings = look(os.environ, REPOSITORY)
    if aws:
        findings.append(ask_aws(region))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show(findings)
    if not works(findings):
        failed = ", ".join(finding.what for finding in findings if finding.level == "failure")
        raise MeasurementError(f"a run will not work here: {failed}")


def ask_aws(region: str) -> Finding:
    """Whether the credentials are accepted; asked for, so a refusal is a failure."""
    what = f"AWS in {region}"
    try:
        return Finding(what, "ok", f"account {open_account(region, os.environ).number}")
    except InfrastructureError as error:
        return Finding(what, "failure", "cannot be used", str(error))


def show(findings: Sequence[Finding]) -> None:
    """A line for each; what to do below it."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column()
    for finding in findings:
        text = Text(printable(finding.says))
        if finding.advice:
            text.append(f"\n-> {printable(finding.advice)}", style="bold")
        table.add_row(Text(finding.level, _STYLES[finding.level]), printable(finding.what), text)
    Console().print(table)
