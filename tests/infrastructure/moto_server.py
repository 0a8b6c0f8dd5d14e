"""moto's server with what our templates need: run as a program, prints its URL."""

import io
import json
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from moto.apigateway.models import apigateway_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.chalice_app.moto_server import Application, taking_swagger
from tests.infrastructure.moto_account import ACCOUNT
from tests.infrastructure.moto_types import Myself, install


def taking_api_tags(moto: Application) -> Application:
    """`moto`, and API Gateway's TagResource, which it lacks: PUT /tags/<ARN of a REST API>."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        arn = unquote(environ["PATH_INFO"]).removeprefix("/tags/")
        if environ["REQUEST_METHOD"] != "PUT" or not arn.startswith("arn:aws:apigateway:"):
            return moto(environ, start_response)
        size = int(environ.get("CONTENT_LENGTH") or 0)
        tags = json.load(io.BytesIO(environ["wsgi.input"].read(size)))["tags"]
        backend = apigateway_backends[ACCOUNT][arn.split(":")[3]]
        backend.apis[arn.rpartition("/")[2]].tags.update(tags)
        start_response("204 No Content", [])
        return []

    return application


def main() -> None:
    """Serve on a free port until the process is ended."""
    models = install()
    moto = DomainDispatcherApplication(create_backend_app)
    application = taking_api_tags(taking_swagger(moto))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    Myself.endpoint = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"{Myself.endpoint}\n")
    sys.stdout.flush()
    server.serve_forever()
    assert models


if __name__ == "__main__":
    main()
