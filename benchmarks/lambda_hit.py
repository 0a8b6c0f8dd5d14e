"""Lambda, warm cache hit: the packaged handler's own time beside the bare Redis round trip.

Both are timed in turn in one process of Lambda's Python, from the packaged zip, as the runtime
client calls the handler; each round is a new process and its medians. What API Gateway and the
runtime client add is the same for every handler and is not in it.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.cold_start import LAMBDA_PYTHON, unpacked
from benchmarks.ratios import Goal, Ratio, report
from emulation.debian_packages import cache_directory
from emulation.errors import EmulationError
from emulation.events import RequestContext, RestApi, proxy_event
from emulation.messages import Request
from emulation.private_servers import start_data_servers
from emulation.routes import Match
from emulation.supervision import Supervisor
from measurement.dataset import load
from measurement.packaging import package_lambda

ROUNDS = 7
REPETITIONS = 3000
_TIMED_HANDLER = Path(__file__).parent / "peers" / "timed_handler.py"
_HEADERS = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Host", "a1b2c3.execute-api.eu-central-1.amazonaws.com"),
    ("User-Agent", "python-requests/2.32"),
)


def main() -> None:
    environ = {name: os.environ[name] for name in os.environ if not name.endswith("_URL")}
    with tempfile.TemporaryDirectory(prefix="bench-lambda-hit-") as folder, Supervisor() as owner:
        servers = start_data_servers(owner, environ)
        load(servers.database_url)
        task_root = unpacked(package_lambda(cache_directory(os.environ)).folder, Path(folder))
        urls = {"DATABASE_URL": servers.database_url, "CACHE_URL": servers.cache_url}
        rounds = [_round({**environ, **urls, "PYTHONPATH": str(task_root)}) for _ in range(ROUNDS)]
    found = Ratio(tuple(handler / bare for handler, bare in rounds))
    report("handler / bare round trip (socket, hiredis)", found, Goal(1.5, at_most=True))
    handler_us, bare_us = (statistics.median(side) for side in zip(*rounds, strict=True))
    print(
        f"  in us here: {handler_us:.0f} and {bare_us:.0f}. The difference stays the same where the"
    )
    print("  round trip takes longer, as it does between machines.")


def _round(environment: Mapping[str, str]) -> tuple[float, float]:
    """Median times of the handler and of the bare round trip, in microseconds."""
    done = subprocess.run(
        [LAMBDA_PYTHON, _TIMED_HANDLER],
        input=json.dumps({"event": _event(), "repetitions": REPETITIONS}),
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EmulationError(f"the packaged handler failed:\n{done.stderr}")
    handler, bare = zip(*json.loads(done.stderr.splitlines()[-1]), strict=True)
    return statistics.median(handler), statistics.median(bare)


def _event() -> dict[str, object]:
    """API Gateway's event for GET /customerdata/7."""
    match = Match("/customerdata/{customer_id}", "abc123", {"customer_id": "7"}, None)
    request = Request("GET", "/customerdata/7", "1.1", _HEADERS, b"", "203.0.113.7")
    context = RequestContext(
        request_id="6f1e0f39-11a4-4bd7-9b3c-1f2d1f6a8c11",
        extended_request_id="JKJaXmPLvHcESHA=",
        trace_root="1-5e66d96f-7491f09f4e0d2a79d18acf3d",
        trace_parent="53995c3f42cd8ad8",
        epoch_ms=1_583_798_639_428,
    )
    return proxy_event(request, match, RestApi("dev"), context)
