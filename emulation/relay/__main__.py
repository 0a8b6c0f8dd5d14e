"""`python -m emulation.relay --control SOCKET NAME=HOST:PORT ...`: relays that can be made bad.

Prints one line when all listen (`listening on NAME=127.0.0.1:PORT ...`) and runs until SIGTERM or
Ctrl-C. SOCKET is a Unix socket: who may open it (its folder's owner) may say, one JSON object a
line, {"relay": NAME, "mode": "refuse", "delay_seconds": 0.4, "loss": 0.02} or {"relay": NAME,
"cut": true}; each is answered with `ok`, or with what is wrong.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop

from emulation.descriptors import raise_descriptor_limit
from emulation.errors import EmulationError
from emulation.relay.conditions import Conditions
from emulation.relay.relay import Relay

# Chance that is the same in every run: which segments are lost is no finding.
_SEED = 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m emulation.relay", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--control", type=Path, required=True, metavar="SOCKET")
    parser.add_argument("upstreams", nargs="+", metavar="NAME=HOST:PORT")
    options = parser.parse_args(arguments)
    raise_descriptor_limit()
    try:
        upstreams = dict(map(_upstream, options.upstreams))
    except EmulationError as error:
        sys.stderr.write(f"emulation.relay: {error}\n")
        return 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(options.control, upstreams))


def _upstream(text: str) -> tuple[str, tuple[str, int]]:
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    if not name or not host or not port.isdecimal():
        raise EmulationError(f"{text!r} is not NAME=HOST:PORT")
    return name, (host, int(port))


async def _serve(control: Path, upstreams: Mapping[str, tuple[str, int]]) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for number, exit_code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, _stop, stopped, exit_code)
    with ExitStack() as cleanup:
        relays = {}
        for at, (name, (host, port)) in enumerate(upstreams.items()):
            relays[name] = Relay(loop, host, port, _SEED + at)
            cleanup.callback(relays[name].close)
            await relays[name].listen()
        server = await asyncio.start_unix_server(
            lambda reader, writer: _control(relays, reader, writer), control
        )
        cleanup.callback(server.close)
        addresses = (f"{name}=127.0.0.1:{relay.port}" for name, relay in relays.items())
        sys.stdout.write(f"listening on {' '.join(addresses)}\n")
        sys.stdout.flush()
        return await stopped


async def _control(
    relays: Mapping[str, Relay], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while line := await reader.readline():
        try:
            await _obey(relays, json.loads(line))
            answer = "ok"
        except (EmulationError, ValueError, TypeError) as error:
            answer = str(error)
        writer.write(f"{answer}\n".encode())
    writer.close()


async def _obey(relays: Mapping[str, Relay], order: Mapping[str, Any]) -> None:
    values = dict(order)
    name = values.pop("relay", None)
    if name not in relays:
        raise EmulationError(f"no relay {name!r}; there are: {', '.join(relays)}")
    if values.pop("cut", False):
        relays[name].cut()
    else:
        await relays[name].set_conditions(Conditions(**values))


def _stop(stopped: asyncio.Future[int], exit_code: int) -> None:
    if not stopped.done():
        stopped.set_result(exit_code)


if __name__ == "__main__":
    sys.exit(main())
