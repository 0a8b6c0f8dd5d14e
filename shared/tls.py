"""Verified TLS for both kinds of connection: one context per CA file and process.

Making a context loads and parses the whole CA bundle, 22 ms of CPU time; PyMySQL by itself does so
for each connection.
"""

import functools
import ssl

from shared.errors import SettingsError


@functools.cache
def verifying_context(ca_file: str | None, variable: str) -> ssl.SSLContext:
    """Checks certificate and host name against `ca_file`, or the system's CAs.

    Raises SettingsError naming the environment `variable` that gave the file.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # which does not say which file
        raise SettingsError(
            f"{variable} is {ca_file!r}, which holds no CA certificates: {error}"
        ) from error
