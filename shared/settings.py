"""The environment variables of the service, each named once.

Read in one function into one frozen record; nothing else in shared/ looks at the environment.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from shared.errors import SettingsError

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_MARIADB_PORT = 3306
_DATABASE_FORM = "DATABASE_URL must look like mysql://user:password@host:3306/hausarbeit"
_CACHE_FORM = "CACHE_URL must look like redis://:password@host:6379/0, or rediss:// for TLS"
# With no time at all every connection would fail.
_TIMEOUT_RANGE = (0.001, 3600.0)
_LIFETIME_RANGE = (0.0, 31_536_000.0)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str
    tls: bool
    """Verified TLS; off only for a server on this machine, where there is no wire to protect."""
    tls_ca_file: str | None
    """CA bundle to verify against; None takes the system's (right for RDS Proxy, whose
    certificates chain to Amazon Trust Services; RDS instances need the RDS bundle)."""
    timeout_seconds: float
    """Limit for connecting and for each read and write."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    url: str | None = field(repr=False)
    """None: no cache (the three-tier architecture)."""
    key_prefix: str
    timeout_seconds: float
    ttl_seconds: int
    ttl_jitter_share: float
    """Each entry lives ttl_seconds less a random part of up to this share, so that entries
    written together do not all expire together."""
    negative_ttl_seconds: int
    """How long an unknown customer is remembered as unknown."""
    breaker_open_seconds: float
    """After a failure the cache is left alone for this long."""


@dataclass(frozen=True, slots=True)
class Settings:
    database: DatabaseSettings
    cache: CacheSettings
    access_log: bool
    """One line per request (see access_log.py)."""


def settings_from_environ(environ: Mapping[str, str]) -> Settings:
    """Read all settings; raises SettingsError naming the variable that is missing or wrong.

    DATABASE_URL is required: mysql://user:password@host:port/name. CACHE_URL is optional:
    redis://:password@host:port/0, or rediss:// for TLS.
    """
    return Settings(
        database=_database(environ),
        cache=CacheSettings(
            url=_cache_url(environ),
            key_prefix=environ.get("CACHE_KEY_PREFIX", "customer-data:v1:"),
            timeout_seconds=_number(environ, "CACHE_TIMEOUT_SECONDS", 0.25, _TIMEOUT_RANGE),
            ttl_seconds=int(_number(environ, "CACHE_TTL_SECONDS", 3600, _LIFETIME_RANGE)),
            ttl_jitter_share=_number(environ, "CACHE_TTL_JITTER_SHARE", 0.1, (0.0, 1.0)),
            negative_ttl_seconds=int(
                _number(environ, "CACHE_NEGATIVE_TTL_SECONDS", 30, _LIFETIME_RANGE)
            ),
            breaker_open_seconds=_number(
                environ, "CACHE_BREAKER_OPEN_SECONDS", 2.0, _LIFETIME_RANGE
            ),
        ),
        access_log=_access_log(environ),
    )


def _database(environ: Mapping[str, str]) -> DatabaseSettings:
    url = environ.get("DATABASE_URL")
    if not url:
        raise SettingsError(f"{_DATABASE_FORM}; it is not set")
    parts, host, port = _split(url, _DATABASE_FORM)
    name = parts.path.lstrip("/")
    if parts.scheme not in ("mysql", "mariadb") or not parts.username or not name:
        raise SettingsError(_DATABASE_FORM)
    return DatabaseSettings(
        host=host,
        port=port or _MARIADB_PORT,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        name=name,
        tls=_tls(environ, host),
        tls_ca_file=environ.get("DATABASE_TLS_CA_FILE") or None,
        timeout_seconds=_number(environ, "DATABASE_TIMEOUT_SECONDS", 5.0, _TIMEOUT_RANGE),
    )


def _tls(environ: Mapping[str, str], host: str) -> bool:
    choice = environ.get("DATABASE_TLS", "off" if host in _LOCAL_HOSTS else "verify")
    if choice not in ("off", "verify"):
        raise SettingsError(f"DATABASE_TLS is {choice!r}; it takes: off, verify")
    return choice == "verify"


def _cache_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("CACHE_URL")
    if not url:
        return None
    parts, _, _ = _split(url, _CACHE_FORM)
    number = parts.path.strip("/")
    if parts.scheme not in ("redis", "rediss") or (number and not number.isdecimal()):
        raise SettingsError(_CACHE_FORM)
    return url


def _access_log(environ: Mapping[str, str]) -> bool:
    choice = environ.get("ACCESS_LOG", "on")
    if choice not in ("on", "off"):
        raise SettingsError(f"ACCESS_LOG is {choice!r}; it takes: on, off")
    return choice == "on"


def _split(url: str, form: str) -> tuple[SplitResult, str, int | None]:
    """The parts, host and port of a URL with a host and without options.

    The errors show none of the URL: what is wrong may be the password, not percent-encoded.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{form}; its host or port is wrong") from None
    if not parts.hostname:
        raise SettingsError(f"{form}; its host is missing")
    if parts.query or parts.fragment:
        raise SettingsError(f"{form}; it takes nothing behind ? or #")
    return parts, parts.hostname, port


def _number(
    environ: Mapping[str, str], name: str, default: float, limits: tuple[float, float]
) -> float:
    text = environ.get(name)
    if not text:
        return default
    lowest, highest = limits
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not lowest <= value <= highest:  # never true of nan
        raise SettingsError(
            f"{name} is {text!r}; it takes a number from {lowest:g} to {highest:.0f}"
        )
    return value
