"""What an environment's process is started with: the variables of a Lambda runtime.

Pure. A process gets exactly these, never the emulator's own environment: "Defined runtime
environment variables", https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import EmulationError
from emulation.events import ACCOUNT_ID

MAX_VARIABLES_BYTES = 4096
"""All of a function's own variables together: "Lambda quotas"."""
INIT_LIMIT_SECONDS = 10.0
"""Of an on-demand function: "Understanding the Lambda execution environment lifecycle"."""
PROVISIONED_INIT_LIMIT_SECONDS = 130.0
"""The least that a provisioned environment gets for loading; else the timeout. Same page."""
DEFAULT_REGION = "eu-central-1"
_RESERVED = frozenset(
    (
        "AWS_EXECUTION_ENV",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    )
)


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What every environment of a function has in common."""

    name: str
    handler: str
    runtime: str
    """Such as python3.11."""
    python: Path
    task_root: Path
    runtime_client: Path | None
    """Directory of the pure-Python runtime_client; None: awslambdaric uses its own."""
    memory_mb: int
    timeout_seconds: float
    variables: Mapping[str, str]
    """The function's own, which may also replace the Region and the credentials."""
    init_limit_seconds: float = INIT_LIMIT_SECONDS
    cpu_share_enforced: bool = False
    """Hold each environment to the CPU that goes with its memory size."""

    @property
    def region(self) -> str:
        return self.variables.get("AWS_REGION", DEFAULT_REGION)

    @property
    def provisioned_init_limit_seconds(self) -> float:
        return max(PROVISIONED_INIT_LIMIT_SECONDS, self.timeout_seconds)

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{self.name}"


def check_variables(variables: Mapping[str, str]) -> None:
    """Raise EmulationError for what Lambda would not take as a function's variables."""
    for name in variables:
        if name in _RESERVED or name.startswith("AWS_LAMBDA_"):
            raise EmulationError(f"variable {name} is reserved by Lambda; choose another name")
    size = sum(len(name) + len(value.encode()) for name, value in variables.items())
    if size > MAX_VARIABLES_BYTES:
        raise EmulationError(
            f"the function's variables have {size} bytes; Lambda takes {MAX_VARIABLES_BYTES}:"
            " keep large values elsewhere and pass where they are"
        )


def runtime_variables(
    settings: FunctionSettings, runtime_api: str, log_stream: str, *, provisioned: bool = False
) -> dict[str, str]:
    """All variables of one environment's process; `runtime_api` is host:port."""
    root = str(settings.task_root)
    python_path = [root] + ([str(settings.runtime_client)] if settings.runtime_client else [])
    return {
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        # A role's credentials stand here on AWS; these let a client be built and no call succeed.
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_SESSION_TOKEN": "emulated",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"{root}:{root}/lib",
        "PATH": f"{settings.python.parent}:/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        **settings.variables,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{settings.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": (
            "provisioned-concurrency" if provisioned else "on-demand"
        ),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_RUNTIME_DIR": str(settings.runtime_client or settings.python.parent),
        "LAMBDA_TASK_ROOT": root,
        # /var/task is read-only on Lambda, so nothing is ever compiled beforehand.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": ":".join(python_path),
        "_HANDLER": settings.handler,
    }
