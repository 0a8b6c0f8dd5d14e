"""A WSGI application under apig-wsgi, Adam Johnson's adapter, runs in the emulator unchanged."""

import textwrap
import zipfile
from importlib.util import find_spec
from pathlib import Path

from tests.emulation.emulator import serving

APP = """
    from apig_wsgi import make_lambda_handler

    def wsgi(environ, start_response):
        body = environ["wsgi.input"].read()
        headers = [("Content-Type", "text/plain"), ("X-Query", environ["QUERY_STRING"])]
        start_response("201 Created", headers)
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode(), body]

    app = make_lambda_handler(wsgi)
"""


def test_a_wsgi_application_under_apig_wsgi_runs_unchanged(tmp_path: Path) -> None:
    archive = tmp_path / "wsgi.zip"
    spec = find_spec("apig_wsgi")
    assert spec is not None
    assert spec.origin is not None
    adapter = Path(spec.origin).parent
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", textwrap.dedent(APP))
        for file in adapter.rglob("*.py"):
            package.write(file, file.relative_to(adapter.parent))
    with serving(archive, "app.app", tmp_path / "log") as process:
        answer = process.request("/a%20b/c?x=1&y=2", "POST", b"sent")

    assert (answer.status, answer.body) == (201, b"POST /a b/c sent")
    assert answer.headers["X-Query"] == "x=1&y=2"
