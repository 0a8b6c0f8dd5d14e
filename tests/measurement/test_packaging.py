import json
import os
import sysconfig
import zipfile
from pathlib import Path

import pytest

from emulation.debian_packages import cache_directory
from measurement.errors import MeasurementError
from measurement.lambda_project import (
    LAMBDA_WHEELS,
    lambda_lock,
    lambda_wheels,
    refuse_other_processor,
    wheels_to_run_here,
)
from measurement.packaging import package_lambda
from tests.chalice_app.checkout import copy_checkout


def test_the_users_aws_settings_do_not_disturb_packaging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-nobody-has")

    assert (package_lambda(tmp_path).folder / "deployment.zip").is_file()


@pytest.fixture
def broken_checkout(tmp_path: Path) -> Path:
    """A checkout with an app but no Chalice configuration."""
    app = tmp_path / "checkout" / "chalice_app" / "app.py"
    app.parent.mkdir(parents=True)
    app.write_text("", encoding="utf-8")
    lock = lambda_lock(tmp_path / "checkout")
    lock.parent.mkdir()
    lock.touch()
    return tmp_path / "checkout"


def test_the_packagers_own_words_are_in_the_error(tmp_path: Path, broken_checkout: Path) -> None:
    with pytest.raises(MeasurementError, match=r"(?s)chalice package failed.*config"):
        package_lambda(tmp_path / "cache", repository=broken_checkout)


def test_an_unlocked_requirement_is_refused_in_pips_own_words(
    tmp_path: Path, broken_checkout: Path
) -> None:
    (broken_checkout / "chalice_app/requirements.txt").write_text("hiredis==3.5.0")

    with pytest.raises(MeasurementError, match=r"(?s)cannot be installed.*hash"):
        package_lambda(tmp_path / "cache", repository=broken_checkout)


def test_a_failed_build_leaves_no_package_behind(tmp_path: Path, broken_checkout: Path) -> None:
    with pytest.raises(MeasurementError):
        package_lambda(tmp_path / "cache", repository=broken_checkout)

    left = {path.name.rpartition("-")[0] for path in (tmp_path / "cache").iterdir()}
    assert left == {"lambda-requirements"}


@pytest.mark.parametrize(
    ("system", "machine", "wheels"),
    [
        ("Linux", "x86_64", LAMBDA_WHEELS),
        ("Linux", "aarch64", None),
        ("Darwin", "arm64", None),
        ("Darwin", "x86_64", None),
    ],
)
def test_where_lambdas_wheels_do_not_run_this_machines_are_taken(
    system: str, machine: str, wheels: str | None
) -> None:
    assert wheels_to_run_here(system, machine) == wheels


def test_a_package_for_this_machine_holds_what_this_python_imports(tmp_path: Path) -> None:
    package = package_lambda(tmp_path, wheels=None)

    with zipfile.ZipFile(package.folder / "deployment.zip") as archive:
        names = set(archive.namelist())
    assert f"hiredis/hiredis{sysconfig.get_config_var('EXT_SUFFIX')}" in names


@pytest.fixture
def arm_checkout(tmp_path: Path) -> Path:
    """A checkout whose stage dev is for arm64, and whose stage prod says nothing."""
    checkout = copy_checkout(tmp_path)
    config = checkout / "chalice_app/.chalice/config.json"
    document = json.loads(config.read_text())
    document["stages"]["dev"]["lambda_architecture"] = "arm64"
    config.write_text(json.dumps(document))
    return checkout


def test_the_package_of_an_arm64_stage_holds_arm_wheels(arm_checkout: Path) -> None:
    wheels = lambda_wheels(arm_checkout, "dev")
    package = package_lambda(cache_directory(os.environ), "dev", arm_checkout, wheels)

    with zipfile.ZipFile(package.folder / "deployment.zip") as archive:
        modules = [name for name in archive.namelist() if name.endswith(".so")]
    assert modules
    assert all(name.endswith("-aarch64-linux-gnu.so") for name in modules)
    template = json.loads((package.folder / "sam.json").read_text())
    assert template["Resources"]["APIHandler"]["Properties"]["Architectures"] == ["arm64"]


def test_an_arm64_package_is_not_run_on_another_processor(arm_checkout: Path) -> None:
    refuse_other_processor(arm_checkout, "dev", "arm64")
    refuse_other_processor(arm_checkout, "prod", "x86_64")

    with pytest.raises(MeasurementError, match=r"dev is for arm64.*x86_64.*--on aws"):
        refuse_other_processor(arm_checkout, "dev", "x86_64")


def test_a_stage_that_names_no_processor_gets_what_chalice_takes(arm_checkout: Path) -> None:
    assert lambda_wheels(arm_checkout, "prod") == LAMBDA_WHEELS


def test_a_processor_that_lambda_has_not_is_named(arm_checkout: Path) -> None:
    config = arm_checkout / "chalice_app/.chalice/config.json"
    config.write_text(config.read_text().replace("arm64", "riscv"))

    with pytest.raises(MeasurementError, match=r"config\.json: lambda_architecture.*'riscv'"):
        lambda_wheels(arm_checkout, "dev")


def test_a_cache_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(MeasurementError, match="XDG_CACHE_HOME"):
        package_lambda(tmp_path / "file" / "cache")
