import copy
from typing import Any

import pytest

from emulation.errors import EmulationError
from emulation.sam_template import plain_application, read_template
from emulation.throttling import ANY, RateLimit

NOTHING: frozenset[str] = frozenset()


def integration(function: str = "APIHandler") -> dict[str, Any]:
    arn = f"arn:x:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
    return {
        "x-amazon-apigateway-integration": {"uri": {"Fn::Sub": arn}, "type": "aws_proxy"},
    }


PREFLIGHT = {
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "responses": {
            "default": {
                "statusCode": "200",
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                },
            }
        },
    }
}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "DefaultRole": {"Type": "AWS::IAM::Role", "Properties": {}},
        "APIHandler": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "app.app",
                "Timeout": 10,
                "MemorySize": 512,
                "ReservedConcurrentExecutions": 20,
                "Environment": {"Variables": {"STAGE": "dev", "SECRET": {"Ref": "Secret"}}},
            },
        },
        "RestAPI": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "v1",
                "DefinitionBody": {
                    "paths": {
                        "/": {"get": integration(), "parameters": []},
                        "/customer/{id}": {"get": integration(), "options": PREFLIGHT},
                        "/any": {"x-amazon-apigateway-any-method": integration()},
                    },
                    "x-amazon-apigateway-binary-media-types": ["image/PNG"],
                },
            },
        },
    }
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The template with one value replaced, or removed with None."""
    template = copy.deepcopy(TEMPLATE)
    *parents, last = path.split("/")
    place = template["Resources"]
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return template


def test_reads_the_function() -> None:
    function = read_template(TEMPLATE, "sam.json", None, frozenset(("SECRET",))).function

    assert (function.name, function.handler, function.runtime) == (
        "APIHandler",
        "app.app",
        "python3.12",
    )
    assert (function.memory_mb, function.timeout_seconds) == (512, 10)
    assert function.reserved_concurrency == 20
    assert function.environment == {"STAGE": "dev"}


def test_reads_the_api() -> None:
    application = read_template(TEMPLATE, "sam.json", None, frozenset(("SECRET",)))

    assert application.api.stage == "v1"
    assert application.api.binary_media_types == frozenset(("image/png",))
    customer = application.routes.match("GET", "/customer/7")
    preflight = application.routes.match("OPTIONS", "/customer/7")
    assert customer is not None
    assert customer.mock is None
    assert preflight is not None
    assert preflight.mock is not None
    assert preflight.mock.headers == (("Access-Control-Allow-Origin", "*"),)
    assert application.routes.match("PATCH", "/any") is not None
    assert application.routes.match("PARAMETERS", "/") is None


def test_reads_provisioned_concurrency() -> None:
    config = {"ProvisionedConcurrentExecutions": 3}
    template = changed("APIHandler/Properties/ProvisionedConcurrencyConfig", config)

    provisioned = read_template(template, "sam.json", None, frozenset(("SECRET",))).function
    assert provisioned.provisioned_concurrency == 3


def test_reads_the_throttling_of_the_stage() -> None:
    every = {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 100}
    one = {"ResourcePath": "/~1customer~1{id}", "HttpMethod": "GET", "ThrottlingRateLimit": 5.5}
    settings = [
        {**every, "ThrottlingBurstLimit": 50},
        {**one, "ThrottlingBurstLimit": 2},
        {"ResourcePath": "/*", "HttpMethod": "*", "LoggingLevel": "INFO"},
    ]
    template = changed("RestAPI/Properties/MethodSettings", settings)

    application = read_template(template, "sam.json", None, frozenset(("SECRET",)))
    assert application.method_limits == {
        (ANY, ANY): RateLimit(100.0, 50),
        ("/customer/{id}", "GET"): RateLimit(5.5, 2),
    }


def test_the_stage_can_be_named_otherwise() -> None:
    application = read_template(TEMPLATE, "sam.json", "prod", frozenset(("SECRET",)))

    assert application.api.stage == "prod"


def test_lambdas_defaults_fill_what_is_not_there() -> None:
    bare = changed("APIHandler/Properties", {"Handler": "app.app"})

    function = read_template(bare, "sam.json", None, NOTHING).function

    assert (function.memory_mb, function.timeout_seconds, function.runtime) == (128, 3, None)
    assert (function.reserved_concurrency, dict(function.environment)) == (None, {})


def test_a_reserved_concurrency_of_zero_is_kept() -> None:
    off = changed("APIHandler/Properties/ReservedConcurrentExecutions", 0)

    function = read_template(off, "sam.json", None, frozenset(("SECRET",))).function

    assert function.reserved_concurrency == 0


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ([], "sam.json: Resources is missing"),
        (TEMPLATE, "variable SECRET is .*--environment-file"),
        (changed("RestAPI", None), "0 of type AWS::Serverless::Api"),
        (changed("APIHandler", None), "no 'APIHandler', which the routes name"),
        (changed("APIHandler/Properties/Handler", None), "APIHandler: Handler is missing"),
        (changed("APIHandler/Properties/MemorySize", "512"), "MemorySize is '512'"),
        (changed("RestAPI/Properties/DefinitionBody/paths", {}), "these functions: none"),
        (
            changed("RestAPI/Properties/DefinitionBody/paths/~", {"get": integration("Other")}),
            "these functions: APIHandler, Other",
        ),
    ],
)
def test_says_what_it_cannot_emulate(template: object, message: str) -> None:
    with pytest.raises(EmulationError, match=message):
        read_template(template, "sam.json", None, NOTHING)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("BREW", "/a/b/c")])
def test_a_plain_handler_gets_every_request(method: str, path: str) -> None:
    application = plain_application("app.handler", "f", "dev")

    assert application.routes.match(method, path) is not None
