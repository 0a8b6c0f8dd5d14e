"""moto's server, able to take what `chalice deploy` sends: run as a program, prints its URL.

moto 5.2.5 as it comes lets Chalice make the role and the function, and then fails at the REST API.
The document that Chalice sends is therefore changed in two places on its way in:

- `info.description` is added: OpenAPI makes it optional and Chalice leaves it out, but moto's
  ImportRestApi reads it (KeyError, answered as status 500);
- `swagger: "2.0"` becomes `openapi: "3.0.1"`: API Gateway takes both and Chalice writes the former,
  but moto answers "Only OpenAPI 3.x.x are currently supported". What moto reads of a document
  (paths, methods, integrations) is written alike in both.

All else is moto. It keeps what it is told and runs nothing: this proves that the calls of a
deployment are right, not that the deployed service answers.
"""

import io
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Application = Callable[..., Iterable[bytes]]


def taking_swagger(moto: Application) -> Application:
    """`moto`, which is to see documents that it can import."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/restapis"):
            size = int(environ.get("CONTENT_LENGTH") or 0)
            body = importable(environ["wsgi.input"].read(size))
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return moto(environ, start_response)

    return application


def importable(body: bytes) -> bytes:
    """The body, changed if it is a Swagger document."""
    document = json.loads(body or "{}")
    if document.pop("swagger", None) is None:
        return body
    document["openapi"] = "3.0.1"
    document["info"].setdefault("description", "")
    return json.dumps(document).encode()


def main() -> None:
    """Serve on a free port until the process is ended."""
    application = taking_swagger(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    # It listens already: whoever reads this line can connect.
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
