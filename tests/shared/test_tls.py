import ssl
from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.tls import verifying_context


def test_the_context_verifies_and_is_made_once() -> None:
    context = verifying_context(None, "DATABASE_TLS_CA_FILE")

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert verifying_context(None, "DATABASE_TLS_CA_FILE") is context


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_wrong_ca_file_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingsError, match=r"^CACHE_TLS_CA_FILE .*ca\.pem"):
        verifying_context(str(file), "CACHE_TLS_CA_FILE")
