"""Reads what `chalice package` wrote: sam.json into one function's configuration and its API.

Pure and separate from the command line, so that a template is understood without unpacking or
starting anything. The template is AWS SAM with an OpenAPI/Swagger `DefinitionBody`; property names:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulation.errors import EmulationError
from emulation.events import RestApi
from emulation.messages import Response
from emulation.routes import ANY_METHOD, CATCH_ALL, RouteTable
from emulation.throttling import ANY, MethodLimits, RateLimit

# What Lambda takes where a template is silent: "Lambda quotas" in
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
DEFAULT_MEMORY_MB = 128
DEFAULT_TIMEOUT_SECONDS = 3
_FUNCTION_ARN = re.compile(r"\$\{(\w+)\.Arn\}")
_METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch"))


@dataclass(frozen=True, slots=True)
class FunctionConfiguration:
    """One Lambda function as its template describes it."""

    name: str
    handler: str
    runtime: str | None
    """Such as python3.11; None: that of the interpreter which runs it."""
    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None
    provisioned_concurrency: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Application:
    """A function behind a REST API."""

    function: FunctionConfiguration
    api: RestApi
    routes: RouteTable
    method_limits: MethodLimits
    """Throttling of the stage."""


def plain_application(handler: str, name: str, stage: str) -> Application:
    """Make a function that answers every method on every path."""
    function = FunctionConfiguration(
        name, handler, None, DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_SECONDS, None, 0, {}
    )
    routes = RouteTable({"/": {ANY_METHOD: None}, CATCH_ALL: {ANY_METHOD: None}})
    return Application(function, RestApi(stage), routes, {})


def read_template(
    template: object, where: str, stage: str | None, overridden: frozenset[str]
) -> Application:
    """Understand a SAM template; `where` (its file name) begins every error message.

    Raises EmulationError for what is missing or cannot be emulated. `overridden` names environment
    variables that are set otherwise, whose value in the template therefore does not matter.
    """
    resources = _field(template, "Resources", where)
    api_id = _only(resources, "AWS::Serverless::Api", where)
    api = _field(resources[api_id], "Properties", f"{where}: {api_id}")
    definition = _field(api, "DefinitionBody", f"{where}: {api_id}")
    paths = _field(definition, "paths", f"{where}: {api_id}: DefinitionBody")
    function_id = _integrated_function(paths, where)
    if function_id not in resources:
        raise EmulationError(f"{where}: Resources: no {function_id!r}, which the routes name")
    properties = _field(resources[function_id], "Properties", f"{where}: {function_id}")
    binary_types = definition.get("x-amazon-apigateway-binary-media-types", ())
    return Application(
        _function(function_id, properties, f"{where}: {function_id}", overridden),
        RestApi(
            stage=stage or str(api.get("StageName", "api")),
            binary_media_types=frozenset(map(str.lower, binary_types)),
        ),
        RouteTable({path: _methods(methods) for path, methods in paths.items()}),
        _method_limits(api, f"{where}: {api_id}"),
    )


def _field(value: object, name: str, where: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, dict):
        raise EmulationError(
            f"{where}: {name} is missing; is this the sam.json of `chalice package`?"
        )
    return found


def _only(resources: Mapping[str, Any], kind: str, where: str) -> str:
    found = [name for name, value in resources.items() if value.get("Type") == kind]
    if len(found) != 1:
        raise EmulationError(f"{where}: Resources: {len(found)} of type {kind}; one is emulated")
    return found[0]


def _integrated_function(paths: Mapping[str, Any], where: str) -> str:
    """The logical id of the function that all proxy routes lead to."""
    functions: set[str] = {
        name
        for methods in paths.values()
        for method in methods.values()
        if isinstance(method, Mapping)
        for name in _FUNCTION_ARN.findall(str(_integration(method).get("uri", "")))
    }
    if len(functions) != 1:
        found = ", ".join(sorted(functions)) or "none"
        raise EmulationError(
            f"{where}: the routes lead to these functions: {found}; exactly one is emulated"
        )
    return functions.pop()


def _integration(method: Mapping[str, Any]) -> Mapping[str, Any]:
    integration = method.get("x-amazon-apigateway-integration", {})
    return integration if isinstance(integration, Mapping) else {}


def _methods(methods: Mapping[str, Any]) -> dict[str, Response | None]:
    known = {}
    for name, method in methods.items():
        if name in _METHODS:
            known[name.upper()] = _mock(_integration(method))
        elif name == "x-amazon-apigateway-any-method":
            known[ANY_METHOD] = _mock(_integration(method))
    return known


def _mock(integration: Mapping[str, Any]) -> Response | None:
    """The fixed answer of a mock integration: its headers are quoted constants."""
    if integration.get("type") != "mock":
        return None
    default = integration["responses"]["default"]
    headers = tuple(
        (name.removeprefix("method.response.header."), str(value).strip("'"))
        for name, value in default.get("responseParameters", {}).items()
    )
    return Response(int(default["statusCode"]), headers, b"")


def _method_limits(api: Mapping[str, Any], where: str) -> dict[tuple[str, str], RateLimit]:
    """The throttling among a stage's MethodSettings; `/*` is every resource."""
    limits = {}
    for setting in api.get("MethodSettings", ()):
        rate, burst = setting.get("ThrottlingRateLimit"), setting.get("ThrottlingBurstLimit")
        if rate is None and burst is None:
            continue
        if not isinstance(rate, int | float) or not isinstance(burst, int):
            raise EmulationError(
                f"{where}: MethodSettings: ThrottlingRateLimit {rate!r} with"
                f" ThrottlingBurstLimit {burst!r}; both must be numbers"
            )
        resource = "/" + str(setting.get("ResourcePath", "/*")).replace("~1", "/").lstrip("/")
        key = (ANY if resource == "/*" else resource, str(setting.get("HttpMethod", ANY)))
        limits[key] = RateLimit(float(rate), burst)
    return limits


def _function(
    name: str, properties: Mapping[str, Any], where: str, overridden: frozenset[str]
) -> FunctionConfiguration:
    handler = properties.get("Handler")
    if not isinstance(handler, str):
        raise EmulationError(f"{where}: Handler is missing")
    runtime = properties.get("Runtime")
    return FunctionConfiguration(
        name=str(properties.get("FunctionName", name)),
        handler=handler,
        runtime=runtime if isinstance(runtime, str) else None,
        memory_mb=_whole(properties, "MemorySize", where) or DEFAULT_MEMORY_MB,
        timeout_seconds=_whole(properties, "Timeout", where) or DEFAULT_TIMEOUT_SECONDS,
        reserved_concurrency=_whole(properties, "ReservedConcurrentExecutions", where),
        provisioned_concurrency=_provisioned(properties, where),
        environment=_variables(properties, where, overridden),
    )


def _provisioned(properties: Mapping[str, Any], where: str) -> int:
    config = properties.get("ProvisionedConcurrencyConfig", {})
    return _whole(config, "ProvisionedConcurrentExecutions", where) or 0


def _whole(properties: Mapping[str, Any], name: str, where: str) -> int | None:
    value = properties.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise EmulationError(f"{where}: {name} is {value!r}, not a whole number")


def _variables(
    properties: Mapping[str, Any], where: str, overridden: frozenset[str]
) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    known = {}
    for name, value in variables.items():
        if name in overridden:
            continue
        if not isinstance(value, str):
            raise EmulationError(
                f"{where}: variable {name} is {value!r}, which only CloudFormation can resolve;"
                f" give its value with --environment or --environment-file"
            )
        known[name] = value
    return known
