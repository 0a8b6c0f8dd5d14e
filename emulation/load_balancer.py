"""The Application Load Balancer of `scaled-out`: HAProxy, configured to do what ALB does.

HAProxy comes from PATH or from the distribution's packages. Only the configuration is ours: round
robin, the headers that ALB adds, its idle timeout and its health checks. docs/fidelity.md says
where the two differ.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from emulation.binaries import (
    ServerKind,
    ServerProgram,
    find_installed,
    find_packaged,
    search_directories,
)
from emulation.errors import EmulationError
from emulation.starting import Launch, StartedServer, start_on_free_port
from emulation.supervision import Supervisor

HAPROXY: Final = ServerKind("HAProxy", ("haproxy",), r"(?i)haproxy version")
_PACKAGES: Final = (("haproxy",),)
IDLE_SECONDS = 60
"""ALB's default, for both of its connections ("Application Load Balancers", ELB User Guide)."""
_CONNECT_SECONDS = 10
# Defaults of a target group ("Health checks for Application Load Balancer target groups").
_CHECK = "check inter 30s rise 5 fall 2"


def find_load_balancer(environ: Mapping[str, str]) -> ServerProgram:
    """HAProxy from PATH, else from the distribution's packages; EmulationError for neither."""
    reasons = []
    try:
        return find_installed(HAPROXY, search_directories(environ))
    except EmulationError as error:
        reasons.append(f"  installed: {error}")
    try:
        return find_packaged(HAPROXY, environ, packages=_PACKAGES)
    except EmulationError as error:
        reasons.append(f"  the distribution's packages: {error}")
    tried = "\n".join(reasons)
    raise EmulationError(
        f"no HAProxy for the load balancer of scaled-out:\n{tried}\nTo install it: "
        "Debian/Ubuntu: sudo apt install haproxy; macOS: brew install haproxy"
    )


def start_load_balancer(
    supervisor: Supervisor, program: ServerProgram, target_ports: Sequence[int], log: Path
) -> StartedServer:
    """Serve a free port of 127.0.0.1 and hand requests on to these; EmulationError if it fails."""
    directory = supervisor.directory("load-balancer")
    launch = Launch(
        name="HAProxy",
        command=partial(_command, program.path, directory / "haproxy.cfg", target_ports),
        environment=program.environment,
        stdin=Path(os.devnull),
        log=log,
    )
    return start_on_free_port(supervisor, launch, _version_if_ready)


def configuration(port: int, target_ports: Sequence[int]) -> str:
    """HAProxy's configuration for a load balancer on `port`.

    Headers: "HTTP headers and Application Load Balancers" and "Request tracing for your
    Application Load Balancer" (ELB User Guide). A trace id that comes in keeps its Root and gets a
    Self before it.
    """
    servers = "".join(
        f"    server target{number} 127.0.0.1:{target} {_CHECK}\n"
        for number, target in enumerate(target_ports, 1)
    )
    identifier = "1-%[unique-id,lower]-%[uuid(),regsub(-,,g),bytes(0,24)]"
    return f"""\
global
    maxconn 8192
defaults
    mode http
    retries 0
    timeout connect {_CONNECT_SECONDS}s
    timeout client {IDLE_SECONDS}s
    timeout http-keep-alive {IDLE_SECONDS}s
    timeout server {IDLE_SECONDS}s
    unique-id-format %{{+X}}o%Ts
frontend load_balancer
    bind 127.0.0.1:{port}
    acl forwarded req.hdr(X-Forwarded-For) -m found
    acl traced req.hdr(X-Amzn-Trace-Id) -m found
    http-request set-var(txn.forwarded) req.fhdr(X-Forwarded-For)
    http-request set-var(txn.trace) req.fhdr(X-Amzn-Trace-Id)
    http-request set-header X-Forwarded-For %[var(txn.forwarded)],\\ %[src] if forwarded
    http-request set-header X-Forwarded-For %[src] unless forwarded
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-header X-Amzn-Trace-Id Self={identifier};%[var(txn.trace)] if traced
    http-request set-header X-Amzn-Trace-Id Root={identifier} unless traced
    default_backend targets
backend targets
    balance roundrobin
    http-reuse always
    option httpchk GET /health
{servers}"""


def _command(program: Path, file: Path, target_ports: Sequence[int], port: int) -> list[str | Path]:
    file.write_text(configuration(port, target_ports), encoding="utf-8")
    return [program, "-db", "-f", file]


def _version_if_ready(port: int) -> str | None:
    """Whether somebody listens; HAProxy does not say its version to clients."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return "HAProxy"
    except OSError:
        return None
