"""SAM's own transform, as CloudFormation applies it. Runs in .venv-templates, which alone has it.

`python sam_transform.py`: a template as JSON on standard input, the result on standard output;
AWS_DEFAULT_REGION must be set.
"""

import json
import sys

# mypy runs in .venv, which does not have it.
from samtranslator.translator.transform import transform  # type: ignore[import-not-found]


class NoManagedPolicies:
    """SAM asks AWS for the names of managed policies; our roles name ARNs."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    template = json.load(sys.stdin)
    json.dump(transform(template, {}, NoManagedPolicies()), sys.stdout)
