import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numba.core import config

from comparison.forecast.kernels import serverless, servers
from comparison.forecast.kernels.compiled import entry

ROOT = Path(__file__).resolve().parents[3]
PLAIN_MODULES = ("scenario", "load", "limits", "outcome", "bounds", "demand", "fluid")


def test_neither_the_command_nor_the_fluid_model_imports_numba() -> None:
    imports = "; ".join(f"import comparison.forecast.{name}" for name in PLAIN_MODULES)
    code = f"import compare, sys; {imports}; print('numba' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_where_no_folder_can_be_written_code_is_compiled_for_the_process() -> None:
    # Code without a file is what numba finds no folder for.
    names: dict[str, Any] = {}
    exec(compile("def double(x):\n    return 2 * x", "<nowhere>", "exec"), names)  # noqa: S102 - our own

    assert entry(names["double"])(21) == 42


def test_compiled_code_is_kept_in_a_folder_for_this_state_of_the_sources() -> None:
    folder = Path(str(vars(config)["CACHE_DIR"]))

    assert re.fullmatch(r"kernels-[0-9a-f]{16}", folder.name)


@pytest.mark.parametrize("model", [servers, serverless])
def test_what_python_calls_is_kept(model: Any) -> None:
    assert type(model.run._cache).__name__ == "FunctionCache"
