"""What `package_lambda` builds: the zip that Lambda gets and the template that deploys it."""

import importlib.util
import json
import marshal
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.api import lint_file
from packaging.requirements import Requirement

from measurement.lambda_project import REPOSITORY
from measurement.packaging import LambdaPackage, package_lambda
from shared.contract import METHODS, ROUTES
from tests.chalice_app.checkout import bytecode_name, copy_checkout

# "Integration timeout", https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
GATEWAY_TIMEOUT_SECONDS = 29
# Below this an upload takes a moment; Lambda itself would take 50 MB ("Lambda quotas").
MAX_ZIP_BYTES = 10_000_000
# AWS lets none of these be limited to a resource: "Actions, resources, and condition keys" for
# Amazon EC2 (network interfaces of a Lambda function) and AWS X-Ray in the Service Authorization
# Reference.
UNLIMITED = {
    "dev": {"AttachToTheVpc"},
    "prod": {"AttachToTheVpc", "SendTraces"},
}


def files_of(package: LambdaPackage) -> dict[str, bytes]:
    with zipfile.ZipFile(package.folder / "deployment.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resource(package: LambdaPackage, name: str) -> dict[str, Any]:
    template = json.loads((package.folder / "sam.json").read_text())
    properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return properties


def configured(stage: str) -> dict[str, Any]:
    config = json.loads((REPOSITORY / "chalice_app/.chalice/config.json").read_text())
    merged: dict[str, Any] = {**config, **config["stages"][stage]}
    return merged


def policy_file(stage: str) -> Any:
    name = configured(stage)["iam_policy_file"]
    return json.loads((REPOSITORY / "chalice_app/.chalice" / name).read_text())


def required() -> Iterator[Requirement]:
    for line in (REPOSITORY / "chalice_app/requirements.txt").read_text().splitlines():
        if specification := line.partition("#")[0].strip():
            yield Requirement(specification)


def test_the_zip_holds_shared_whole_and_unchanged(package: LambdaPackage) -> None:
    sources = [*(REPOSITORY / "shared").glob("*.py"), *(REPOSITORY / "shared").glob("*.sql")]

    zipped = {
        name: body
        for name, body in files_of(package).items()
        if name.startswith("shared/") and "__pycache__" not in name
    }

    assert zipped == {f"shared/{path.name}": path.read_bytes() for path in sources}


def test_the_zip_holds_the_app_chalice_and_the_requirements_and_nothing_else(
    package: LambdaPackage,
) -> None:
    wanted = {"app.py", "__pycache__", "shared", "chalice"}
    for requirement in required():
        if requirement.marker is None or requirement.marker.evaluate():
            name = requirement.name.replace("-", "_")
            version = str(requirement.specifier).removeprefix("==")
            wanted |= {name, f"{name}-{version}.dist-info"}

    files = files_of(package)

    assert {name.partition("/")[0] for name in files} == wanted
    assert files["app.py"] == (REPOSITORY / "chalice_app/app.py").read_bytes()


def test_the_zip_holds_neither_tests_nor_what_lambda_brings(package: LambdaPackage) -> None:
    unwanted = re.compile(r"(^|/)(tests?|boto3|botocore|awslambdaric)/")

    assert not [name for name in files_of(package) if unwanted.search(name)]


def test_every_module_in_the_zip_has_its_bytecode(package: LambdaPackage) -> None:
    files = files_of(package)
    modules = {name for name in files if name.endswith(".py")}

    bytecode = {name for name in files if name.endswith(".pyc")}

    assert bytecode == {bytecode_name(name) for name in modules}
    assert {"app.py", "chalice/app.py", "pymysql/connections.py"} <= modules


def test_lambda_takes_the_bytecode_whatever_the_dates_of_its_files(package: LambdaPackage) -> None:
    bytecode = {name: body for name, body in files_of(package).items() if name.endswith(".pyc")}

    # PEP 552: the first bit of the flags says hash-based, the second says to check the hash.
    assert {body[:4] for body in bytecode.values()} == {importlib.util.MAGIC_NUMBER}
    assert {int.from_bytes(body[4:8], "little") for body in bytecode.values()} == {0b01}


def test_bytecode_is_that_of_the_source_beside_it(package: LambdaPackage) -> None:
    files = files_of(package)

    for name in ("app.py", "shared/api.py", "chalice/app.py"):
        body = files[bytecode_name(name)]
        assert body[8:16] == importlib.util.source_hash(files[name])
        assert marshal.loads(body[16:]).co_filename == f"/var/task/{name}"  # noqa: S302 - our own


def test_the_zip_stays_small(package: LambdaPackage) -> None:
    assert (package.folder / "deployment.zip").stat().st_size < MAX_ZIP_BYTES


def test_the_same_sources_give_the_same_zip(packages: dict[str, LambdaPackage]) -> None:
    dev, prod = (packages[stage].folder / "deployment.zip" for stage in ("dev", "prod"))

    assert dev.read_bytes() == prod.read_bytes()


def test_an_edit_in_shared_is_packaged_and_what_lies_beside_it_is_not(
    packages: dict[str, LambdaPackage], tmp_path: Path
) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    edited = checkout / "shared/service.py"
    edited.write_text(edited.read_text() + "EDITED = True\n")
    (checkout / "shared/notes.txt").write_text("not for Lambda")
    (checkout / "shared/__pycache__").mkdir()
    Path(importlib.util.cache_from_source(str(edited))).write_bytes(b"bytecode")

    package = package_lambda(tmp_path / "cache", repository=checkout)

    before, after = files_of(packages["dev"]), files_of(package)
    assert package.folder.name != packages["dev"].folder.name
    bytecode = bytecode_name("shared/service.py")
    assert after.pop(bytecode) != before.pop(bytecode)
    assert after == {**before, "shared/service.py": edited.read_bytes()}


def test_what_was_built_once_is_taken_from_the_cache(packages: dict[str, LambdaPackage]) -> None:
    folder = packages["dev"].folder
    built = (folder / "sam.json").stat().st_mtime_ns

    again = package_lambda(folder.parent, "dev")

    assert again == packages["dev"]
    assert (again.folder / "sam.json").stat().st_mtime_ns == built


def test_every_requirement_has_the_version_that_the_tool_locks() -> None:
    lock = (REPOSITORY / "requirements/tool.txt").read_text()
    pins = [line.rstrip("\\") for line in lock.splitlines() if re.match(r"[a-z0-9-]+==", line)]
    locked = {requirement.name: requirement for requirement in map(Requirement, pins)}

    assert {one.name: one for one in required()} == {
        one.name: locked[one.name] for one in required()
    }


def test_the_gateway_knows_each_route_of_the_contract_and_no_other(package: LambdaPackage) -> None:
    paths = resource(package, "RestAPI")["DefinitionBody"]["paths"]

    assert {path: {method.upper() for method in methods} for path, methods in paths.items()} == {
        route.path: set(METHODS) for route in ROUTES
    }


def test_the_api_is_regional_and_its_stage_is_named_after_ours(package: LambdaPackage) -> None:
    api = resource(package, "RestAPI")

    assert api["EndpointConfiguration"] == "REGIONAL"
    assert api["StageName"] == package.stage


def test_the_function_has_the_configured_size_and_answers_before_the_gateway_gives_up(
    package: LambdaPackage,
) -> None:
    function, config = resource(package, "APIHandler"), configured(package.stage)

    assert function["Handler"] == "app.app"
    assert function["MemorySize"] == config["lambda_memory_size"] == package.memory_mb
    assert function["Timeout"] == config["lambda_timeout"]
    assert function["Timeout"] < GATEWAY_TIMEOUT_SECONDS


def test_only_prod_is_traced(packages: dict[str, LambdaPackage]) -> None:
    tracing = {
        stage: resource(package, "APIHandler")["Tracing"] for stage, package in packages.items()
    }

    assert tracing == {"dev": "PassThrough", "prod": "Active"}


def test_the_role_may_do_what_the_policy_file_says_and_no_more(package: LambdaPackage) -> None:
    role = resource(package, "ApiHandlerRole")

    documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    assert documents == [policy_file(package.stage)]
    assert "ManagedPolicyArns" not in role


def test_the_policy_names_every_action_and_limits_all_that_can_be_limited(
    package: LambdaPackage,
) -> None:
    statements = policy_file(package.stage)["Statement"]

    assert "*" not in "".join(action for one in statements for action in one["Action"])
    unlimited = {one["Sid"] for one in statements if one["Resource"] == "*"}
    assert unlimited == UNLIMITED[package.stage]


def test_cfn_lint_finds_nothing_to_say_about_the_template(package: LambdaPackage) -> None:
    assert lint_file(package.folder / "sam.json") == []


def test_cfn_lint_would_object_to_a_wrong_template(
    packages: dict[str, LambdaPackage], tmp_path: Path
) -> None:
    template = (packages["dev"].folder / "sam.json").read_text()
    wrong = tmp_path / "sam.json"
    wrong.write_text(template.replace('"MemorySize": 512', '"MemorySize": 5'))

    assert [match.rule.id for match in lint_file(wrong)] == ["E3034"]
