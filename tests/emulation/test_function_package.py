import json
import sys
import zipfile
from pathlib import Path

import pytest

from emulation.command_line import DEFAULT_PYTHON
from emulation.errors import EmulationError
from emulation.function_package import (
    RUNTIME_CLIENT,
    Overrides,
    function_settings,
    read_package,
    read_variables,
    unpack,
)
from emulation.sam_template import Application, FunctionConfiguration, plain_application
from tests.emulation.test_sam_template import TEMPLATE

OVERRIDES = Overrides(variables={"SECRET": "s"})
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def application(runtime: str | None = None) -> Application:
    function = FunctionConfiguration("f", "app.app", runtime, 256, 5, None, 0, {"A1": "template"})
    plain = plain_application("app.app", "f", "dev")
    return Application(function, plain.api, plain.routes, {})


def test_reads_what_chalice_package_wrote(tmp_path: Path) -> None:
    (tmp_path / "sam.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    (tmp_path / "deployment.zip").touch()

    found, archive = read_package(tmp_path, OVERRIDES)

    assert (found.function.handler, archive) == ("app.app", tmp_path / "deployment.zip")


def test_says_how_to_make_a_package_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match=r"sam\.json does not exist; make it with `chal"):
        read_package(tmp_path, OVERRIDES)


def test_says_when_the_template_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "sam.json").write_text("{", encoding="utf-8")
    (tmp_path / "deployment.zip").touch()

    with pytest.raises(EmulationError, match=r"sam\.json: not JSON"):
        read_package(tmp_path, OVERRIDES)


@pytest.mark.parametrize("content", ["[]", '{"A": 1}', "{"])
def test_a_variables_file_is_a_json_object_of_strings(tmp_path: Path, content: str) -> None:
    file = tmp_path / "variables.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(EmulationError, match=r"^--environment-file: .*variables\.json: not"):
        read_variables([], file)


def test_a_value_may_contain_equals_signs() -> None:
    assert read_variables(["URL=mysql://a?b=c", "EMPTY="], None) == {
        "URL": "mysql://a?b=c",
        "EMPTY": "",
    }


def test_unpacks_the_bytecode_that_the_package_brings(tmp_path: Path) -> None:
    archive = tmp_path / "f.zip"
    with zipfile.ZipFile(archive, "w") as package:
        for name in ("app.py", "a/b.py", "a/__pycache__/b.cpython-311.pyc"):
            package.writestr(name, "")

    unpack(archive, tmp_path / "root")

    files = {path.name for path in (tmp_path / "root").rglob("*") if path.is_file()}
    assert files == {"app.py", "b.py", "b.cpython-311.pyc"}


def test_says_which_file_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "f.zip").write_text("no zip", encoding="utf-8")

    with pytest.raises(EmulationError, match=r"f\.zip: cannot be unpacked"):
        unpack(tmp_path / "f.zip", tmp_path / "root")


def test_the_command_line_wins_over_the_template(tmp_path: Path) -> None:
    overrides = Overrides({"A1": "flag"}, memory_mb=1024, timeout_seconds=0.5)

    settings = function_settings(application(), overrides, DEFAULT_PYTHON, tmp_path)

    assert (settings.memory_mb, settings.timeout_seconds) == (1024, 0.5)
    assert settings.variables == {"A1": "flag"}


def test_the_template_counts_where_the_command_line_is_silent(tmp_path: Path) -> None:
    settings = function_settings(application(RUNTIME), Overrides({}), DEFAULT_PYTHON, tmp_path)

    assert (settings.memory_mb, settings.timeout_seconds, settings.runtime) == (256, 5.0, RUNTIME)
    assert settings.variables == {"A1": "template"}


def test_the_pure_python_client_can_be_asked_for(tmp_path: Path) -> None:
    overrides = Overrides({}, python_runtime_client=True)

    settings = function_settings(application(), overrides, DEFAULT_PYTHON, tmp_path)

    assert settings.runtime_client == RUNTIME_CLIENT
    assert (RUNTIME_CLIENT / "runtime_client.py").is_file()


def test_a_package_for_another_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match=r"--python: .* was made for python3\.9"):
        function_settings(application("python3.9"), Overrides({}), DEFAULT_PYTHON, tmp_path)


def test_what_is_unpacked_is_read_only(tmp_path: Path) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("package/module.py", "")
    root = tmp_path / "task"
    root.mkdir()
    unpack(archive, root)

    modes = [path.stat().st_mode & 0o222 for path in (root, *root.rglob("*"))]
    assert modes == [0, 0, 0]
