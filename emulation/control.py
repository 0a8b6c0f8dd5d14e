"""The control port: look at the environments, force a cold start, read the metrics.

Separate from the gateway, on a port of its own on the loopback interface, so that nothing of it is
in the way of the emulated API: AWS has these in its console and its own API.

    GET /environments      what each execution environment is doing
    DELETE /environments   end the idle ones: the next request is a cold start
    GET /metrics           CloudWatch's metrics since the start

Each with the token that control_token.py asks for.
"""

import json
from dataclasses import asdict

from emulation.functions import LambdaFunction
from emulation.http1 import Connection
from emulation.messages import Headers, Request, Response
from emulation.metrics import GatewayMetrics

_JSON: Headers = (("Content-Type", "application/json"),)
_PATHS = {"/environments": ("GET", "DELETE"), "/metrics": ("GET",)}


class ControlApi:
    """Answers at once; lives in the event loop of what it controls."""

    def __init__(self, function: LambdaFunction, gateway: GatewayMetrics) -> None:
        self._function = function
        self._gateway = gateway

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request."""
        connection.respond(self._answer(request.method, request.target.partition("?")[0]))

    def _answer(self, method: str, path: str) -> Response:
        if path not in _PATHS:
            return _json(404, {"error": f"no {path}; there are: {', '.join(_PATHS)}"})
        if method not in _PATHS[path]:
            return _json(405, {"error": f"{path} takes {' and '.join(_PATHS[path])}"})
        if path == "/metrics":
            gateway, function = self._gateway.as_json(), self._function.metrics.as_json()
            return _json(200, {"AWS/ApiGateway": gateway, "AWS/Lambda": function})
        if method == "DELETE":
            return _json(200, {"retired": self._function.retire_idle()})
        states = [asdict(state) for state in self._function.environments()]
        return _json(200, {"environments": states})


def _json(status: int, values: object) -> Response:
    return Response(status, _JSON, json.dumps(values).encode() + b"\n")
