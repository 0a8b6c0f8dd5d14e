from pathlib import Path

import pytest

from emulation.errors import EmulationError
from emulation.runtime_settings import FunctionSettings, check_variables, runtime_variables


def settings(client: Path | None = None, **variables: str) -> FunctionSettings:
    return FunctionSettings(
        name="api",
        handler="app.app",
        runtime="python3.13",
        python=Path("/venv/bin/python"),
        task_root=Path("/tmp/task"),
        runtime_client=client,
        memory_mb=512,
        timeout_seconds=3.0,
        variables=variables,
    )


def test_has_the_variables_of_a_lambda_runtime() -> None:
    variables = runtime_variables(settings(STAGE="dev"), "127.0.0.1:9001", "stream")

    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/api"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert variables["PYTHONPATH"] == variables["LAMBDA_TASK_ROOT"] == "/tmp/task"
    assert variables["_HANDLER"] == "app.app"
    assert variables["STAGE"] == "dev"


def test_never_asks_for_the_multi_concurrent_mode() -> None:
    assert "AWS_LAMBDA_MAX_CONCURRENCY" not in runtime_variables(settings(), "h:1", "s")


def test_the_pure_python_client_comes_after_the_functions_own_code() -> None:
    variables = runtime_variables(settings(Path("/own")), "h:1", "s")

    assert variables["PYTHONPATH"] == "/tmp/task:/own"


def test_region_and_credentials_can_be_given() -> None:
    own = settings(AWS_REGION="us-east-1", AWS_SECRET_ACCESS_KEY="mine")
    variables = runtime_variables(own, "h:1", "s")

    assert variables["AWS_SECRET_ACCESS_KEY"] == "mine"
    assert (variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]) == ("us-east-1",) * 2
    assert own.arn == "arn:aws:lambda:us-east-1:123456789012:function:api"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_LAMBDA_FUNCTION_NAME": "x"}, "AWS_LAMBDA_FUNCTION_NAME is reserved"),
        ({"PYTHONPATH": "x"}, "PYTHONPATH is reserved"),
        ({"BIG": "ä" * 2048}, "4099 bytes; Lambda takes 4096"),
    ],
)
def test_refuses_what_lambda_would_not_take(variables: dict[str, str], message: str) -> None:
    with pytest.raises(EmulationError, match=message):
        check_variables(variables)
