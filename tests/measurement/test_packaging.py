from pathlib import Path

import pytest

from measurement.errors import MeasurementError
from measurement.packaging import package_lambda, user_cache


def test_the_users_aws_settings_do_not_disturb_packaging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-nobody-has")

    assert (package_lambda(tmp_path).folder / "deployment.zip").is_file()


@pytest.fixture
def broken_checkout(tmp_path: Path) -> Path:
    """A checkout with an app but no Chalice configuration."""
    app = tmp_path / "checkout" / "chalice_app" / "app.py"
    app.parent.mkdir(parents=True)
    app.write_text("", encoding="utf-8")
    return tmp_path / "checkout"


def test_the_packagers_own_words_are_in_the_error(tmp_path: Path, broken_checkout: Path) -> None:
    with pytest.raises(MeasurementError, match=r"(?s)chalice package failed.*config"):
        package_lambda(tmp_path / "cache", repository=broken_checkout)


def test_a_failed_build_leaves_nothing_in_the_cache(tmp_path: Path, broken_checkout: Path) -> None:
    with pytest.raises(MeasurementError):
        package_lambda(tmp_path / "cache", repository=broken_checkout)

    assert list((tmp_path / "cache").iterdir()) == []


def test_the_cache_follows_the_xdg_base_directories() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/caches"}) == Path("/caches/server-or-serverless")
    assert user_cache({}) == Path("~/.cache/server-or-serverless").expanduser()
