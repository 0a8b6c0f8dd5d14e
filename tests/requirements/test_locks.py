"""The locked versions: each one pinned and hashed, from nowhere but where the hashes are known."""

import re
from pathlib import Path

import pytest

import compare

REQUIREMENTS = compare.ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))
# What is installed by version alone: Chalice's packager and an instance read these.
PINNED = [
    compare.ROOT / "chalice_app" / "requirements.txt",
    compare.ROOT / "ec2_app" / "requirements.txt",
]
PIN = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,_-]+\])?==[A-Za-z0-9.!+]+( ;.*)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(lock: Path) -> list[list[str]]:
    """Each requirement with what belongs to it: the pin, then its hashes."""
    lines = re.sub(r" *\\\n *", "\n+", lock.read_text(encoding="utf-8")).splitlines()
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("+"):
            found[-1].append(line[1:])
        elif line and not line.lstrip().startswith("#"):
            found.append([line])
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_a_pin_with_hashes_and_nothing_else(lock: Path) -> None:
    found = requirements(lock)

    assert len(found) > 2
    for pin, *hashes in found:
        assert PIN.fullmatch(pin), f"{lock.name}: {pin}: no plain pin (a URL, a path, an option?)"
        assert hashes, f"{lock.name}: {pin}: has no hash"
        assert all(HASH.fullmatch(one) for one in hashes), f"{lock.name}: {pin}: {hashes}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_package_is_locked_once_or_by_different_pythons(lock: Path) -> None:
    pins = [pin for pin, *_ in requirements(lock)]

    assert len(set(pins)) == len(pins)
    by_name: dict[str, list[str]] = {}
    for pin in pins:
        by_name.setdefault(pin.partition("==")[0], []).append(pin)
    for same in by_name.values():
        assert len(same) == 1 or all(" ;" in pin for pin in same), same


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.parent.name)
def test_what_the_apps_install_is_pinned_and_is_locked_with_hashes(file: Path) -> None:
    locked = {pin.partition(" ;")[0] for pin, *_ in requirements(REQUIREMENTS / "tool.txt")}
    lines = file.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert pins
    assert set(pins) <= locked


def test_the_installer_asks_for_the_hashes() -> None:
    text = (REQUIREMENTS / "install.py").read_text(encoding="utf-8")

    assert text.count('"--require-hashes"') == 2  # with uv, and with pip
