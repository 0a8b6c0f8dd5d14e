"""Reads the templates as CloudFormation would: short forms of functions, references, conditions.

Only the functions that the tested parts use; anything else fails loudly.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((REPOSITORY / "infrastructure/templates").glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    """The template of this stack, with the long form of every function."""
    template, problems = decode(str(REPOSITORY / f"infrastructure/templates/{name}.yaml"))
    assert problems == []
    return dict(template)


def rendered(value: Any, known: Mapping[str, str], conditions: Mapping[str, bool]) -> str:
    """The text that Fn::Sub and Fn::If come to; `known` holds what Ref gives."""
    if isinstance(value, str):
        return value
    [(function, argument)] = value.items()
    if function == "Fn::If":
        name, yes, no = argument
        return rendered(yes if conditions[name] else no, known, conditions)
    if function == "Ref":
        return known[argument]
    assert function == "Fn::Sub", function
    text, own = (argument, {}) if isinstance(argument, str) else argument
    names = {**known, **{one: rendered(own[one], known, conditions) for one in own}}
    return re.sub(r"\$\{([\w:]+)\}", lambda match: names[match[1]], text)


def user_data(known: Mapping[str, str], conditions: Mapping[str, bool]) -> str:
    """The script that the ec2 template hands to its instance."""
    resources = read("ec2")["Resources"]
    data = resources["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return rendered(data["Fn::Base64"], known, conditions)
