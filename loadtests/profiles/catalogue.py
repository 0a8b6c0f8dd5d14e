"""Finds profiles, the product's own by name and a user's by path, and overrides their values.

Separate from the records and their form, because here files are read. The product's profiles lie
beside this module, one TOML file each; they are read when the package is imported, so that one
that is wrong is noticed at once.
"""

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from loadtests.errors import FieldError, LoadTestError
from loadtests.profiles.document import from_document, line_of
from loadtests.profiles.faults import Fault, scaled
from loadtests.profiles.profile import Profile

DEFAULT_PROFILE: Final = "quick"
# In the order in which they are listed.
_OWN: Final = ("origin", "quick", "steady", "spike", "soak", "wave", "arrivals", "faults")
_FOLDER: Final = Path(__file__).resolve().parent


def find_profile(name: str, flag: str = "--profile") -> Profile:
    """The profile of that name, or in that .toml or .json file.

    Raises LoadTestError naming `flag` and the known profiles, or file, line and field.
    """
    if name in PROFILES:
        return PROFILES[name]
    if name.endswith((".toml", ".json")) or "/" in name:
        return read_profile(Path(name), flag)
    raise LoadTestError(
        f"{flag}: no profile {name!r}; choose one of: {', '.join(PROFILES)}; or name a .toml file"
    )


def read_profile(path: Path, flag: str = "--profile") -> Profile:
    """The profile in this file: TOML, or JSON where its name ends so; raises as find_profile."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise LoadTestError(f"{flag}: {path} cannot be read: {reason}") from error
    values = _json(path, text) if path.suffix == ".json" else _toml(path, text)
    try:
        return from_document({"name": path.stem, **values})
    except FieldError as error:
        line = None if path.suffix == ".json" else line_of(error.field, text)
        place = path if line is None else f"{path}:{line}"
        raise LoadTestError(f"{place}: {error}") from error


def _toml(path: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LoadTestError(f"{path}: not valid TOML: {error}") from error


def _json(path: Path, text: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LoadTestError(f"{path}: not valid JSON: {error}") from error
    if not isinstance(values, Mapping):
        raise LoadTestError(f"{path}: not a JSON object")
    return values


def with_faults(profile: Profile, faults: Sequence[Fault]) -> Profile:
    """The profile with these faults beside its own; raises LoadTestError where one cannot be."""
    try:
        return dataclasses.replace(profile, faults=(*profile.faults, *faults))
    except FieldError as error:
        raise LoadTestError(f"--fault: {error.problem}") from error


def customised(  # noqa: PLR0913 - one per flag
    profile: Profile,
    *,
    users: int | None = None,
    rate: float | None = None,
    block_seconds: float | None = None,
    warm_up_seconds: float | None = None,
    blocks: int | None = None,
    faults: Sequence[Fault] | None = None,
) -> Profile:
    """The profile with what is not None replaced; raises LoadTestError naming it and the field."""
    given = {
        "block_seconds": block_seconds,
        "warm_up_seconds": warm_up_seconds,
        "blocks": blocks,
        "faults": None if faults is None else tuple(faults),
    }
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        if users is not None:
            changed["closed"] = _with_users(profile, users)
        if rate is not None:
            changed["open"] = _with_rate(profile, rate)
        return dataclasses.replace(profile, **changed)
    except FieldError as error:
        raise LoadTestError(f"profile {profile.name}: {error}") from error


def _with_users(profile: Profile, users: int) -> object:
    if profile.closed is None:
        raise LoadTestError(
            f"--users: profile {profile.name} is an open model, which has no users; use --rate"
        )
    try:
        return dataclasses.replace(profile.closed, users=users)
    except FieldError as error:
        raise error.within("closed") from None


def _with_rate(profile: Profile, rate: float) -> object:
    if profile.open is None:
        raise LoadTestError(
            f"--rate: profile {profile.name} is a closed model, its users wait for answers; "
            "use --users, or --profile arrivals"
        )
    try:
        return dataclasses.replace(profile.open, rate=rate)
    except FieldError as error:
        raise error.within("open") from None


def shortened(profile: Profile, block_seconds: float | None) -> Profile:
    """The profile with blocks of that length; a shorter block's warm-up and faults shrink with it.

    None leaves it as it is. Raises LoadTestError as customised() does.
    """
    if block_seconds is None:
        return profile
    share = min(1.0, block_seconds / profile.block_seconds)
    return customised(
        profile,
        block_seconds=block_seconds,
        # Rounded: 3 s x 0.3 is 0.9, not 0.8999999999999999.
        warm_up_seconds=round(max(0.0, profile.warm_up_seconds * share), 6),
        faults=scaled(profile.faults, share),
    )


PROFILES: Final[Mapping[str, Profile]] = {
    name: read_profile(_FOLDER / f"{name}.toml") for name in _OWN
}
