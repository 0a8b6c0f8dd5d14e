"""Compiles the simulation's inner functions; the only module that imports numba.

Importing it takes a second, so only simulation.py does (through the kernels), and only a forecast
imports that.
"""

import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[Any]
Row = Any
"""A row of a structured array: what changes during a simulation, with a name for each value. To
mypy its fields are anything. Rows and plain arrays are passed one by one: compiled code that passes
them in tuples is four times slower, and takes four times as long to compile."""


_njit: Any = numba.njit
"""Its types do not know all of its options."""
_NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Without Python's own way into it a function compiles in half the time."""
_SETTING = "CACHE_DIR"
"""numba's setting for NUMBA_CACHE_DIR; its types do not know it."""


def _sources_digest() -> str:
    """Of all kernels' sources together."""
    digest = hashlib.sha256()
    for file in sorted(Path(str(resources.files("comparison.forecast.kernels"))).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _cache_directory() -> str:
    """Where compiled code is kept: one folder for each state of the sources.

    numba itself looks only at the file of the function that is called: a change in another file
    that it calls would go unnoticed (https://numba.readthedocs.io/en/stable/user/jit.html#cache).
    """
    chosen = getattr(config, _SETTING) or Path(__file__).parent / "__pycache__"
    return str(Path(chosen) / f"kernels-{_sources_digest()}")


setattr(config, _SETTING, _cache_directory())


def compiled(function: Function) -> Function:
    """A function that only compiled functions call, as machine code."""
    return cast(Function, _njit(error_model="numpy", **_NO_WRAPPERS)(function))


def entry(function: Function) -> Function:
    """A function that Python calls, as machine code, kept on disk with all that it calls.

    numba tries the folder above, then beside the source, then the user's cache folder; where none
    can be written it raises, and the code is compiled for this process only.
    """
    try:
        return cast(Function, _njit(error_model="numpy", cache=True)(function))
    except RuntimeError:
        return cast(Function, _njit(error_model="numpy")(function))
