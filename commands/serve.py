"""`./compare.py serve`: one side alone, to look at with curl or a browser."""

import time

import click
from rich.console import Console

from commands.starting import package_to_run_here, start_servers
from emulation.supervision import Supervisor
from measurement.errors import MeasurementError
from measurement.machine import raise_file_limit
from measurement.progress_display import ProgressDisplay
from measurement.targets import EC2, SERVERLESS, Ec2Target, EmulatedServerlessTarget, Place, Target


@click.command()
@click.argument("side", type=click.Choice((EC2, SERVERLESS)))
@click.option("--port", type=click.IntRange(1, 65_535), default=10_000, show_default=True)
def serve(side: str, port: int) -> None:
    """Leave one side running for curl or a browser, until Ctrl-C."""
    display = ProgressDisplay(Console(stderr=True))
    raise_file_limit()
    with Supervisor() as supervisor:
        logs = supervisor.directory("server-or-serverless-logs")
        servers = start_servers(supervisor, display)
        place = Place(supervisor, servers, logs)
        target: Target
        if side == EC2:
            target = Ec2Target(place, port=port)
        else:
            target = EmulatedServerlessTarget(place, package_to_run_here(), port=port)
        url = target.start()
        click.echo(f"{side} answers on {url}  (Ctrl-C stops it)\n  curl -i {url}/customerdata/1")
        while target.running():
            time.sleep(0.5)
        raise MeasurementError(f"{side} has ended by itself")
