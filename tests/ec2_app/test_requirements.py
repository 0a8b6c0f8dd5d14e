"""An instance must run the versions that were measured here."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def pins(path: Path) -> dict[str, str]:
    """Name and version of each "name==version" line."""
    return dict(re.findall(r"^([\w-]+)==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_what_an_instance_installs_has_the_versions_of_the_lock_file() -> None:
    instance = pins(REPOSITORY / "ec2_app" / "requirements.txt")

    locked = pins(REPOSITORY / "requirements" / "tool.txt")
    assert instance == {name: locked[name] for name in instance}
    assert {"httptools", "uvloop", "pymysql", "hiredis", "botocore"} <= set(instance)


def test_the_service_needs_nothing_that_an_instance_does_not_install() -> None:
    needed = {
        line.split()[0]
        for line in (REPOSITORY / "requirements" / "service.in").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    }

    assert needed <= set(pins(REPOSITORY / "ec2_app" / "requirements.txt"))
