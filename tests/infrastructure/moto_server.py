"""moto's server with what our templates need: run as a program, prints its URL."""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.chalice_app.moto_server import taking_swagger
from tests.infrastructure.moto_types import Myself, install


def main() -> None:
    """Serve on a free port until the process is ended."""
    models = install()
    application = taking_swagger(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    Myself.endpoint = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"{Myself.endpoint}\n")
    sys.stdout.flush()
    server.serve_forever()
    assert models


if __name__ == "__main__":
    main()
