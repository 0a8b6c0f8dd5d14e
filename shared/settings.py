"""The environment variables of the service, each named once.

Read in one function into one frozen record; nothing else in shared/ looks at the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shared.errors import SettingsError

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_MARIADB_PORT = 3306


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
            timeout_seconds=_number(environ, "CACHE_TIMEOUT_SECONDS", 0.25),
            ttl_seconds=int(_number(environ, "CACHE_TTL_SECONDS", 3600)),
            ttl_jitter_share=_number(environ, "CACHE_TTL_JITTER_SHARE", 0.1),
            negative_ttl_seconds=int(_number(environ, "CACHE_NEGATIVE_TTL_SECONDS", 30)),
            breaker_open_seconds=_number(environ, "CACHE_BREAKER_OPEN_SECONDS", 2.0),
        ),
    )


def _database(environ: Mapping[str, str]) -> DatabaseSettings:
    wanted = "DATABASE_URL must look like mysql://user:password@host:3306/hausarbeit"
    url = environ.get("DATABASE_URL")
    if not url:
        raise SettingsError(f"{wanted}; it is not set")
    parts = urlsplit(url)
    try:
        port = parts.port or _MARIADB_PORT
    except ValueError:
        raise SettingsError(f"{wanted}; its port is not a number") from None
    name = parts.path.lstrip("/")
    if parts.scheme not in ("mysql", "mariadb") or not parts.hostname or not name:
        raise SettingsError(wanted)
    return DatabaseSettings(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        name=name,
        tls=_tls(environ, parts.hostname),
        tls_ca_file=environ.get("DATABASE_TLS_CA_FILE") or None,
        timeout_seconds=_number(environ, "DATABASE_TIMEOUT_SECONDS", 5.0),
    )


def _tls(environ: Mapping[str, str], host: str) -> bool:
    choice = environ.get("DATABASE_TLS", "off" if host in _LOCAL_HOSTS else "verify")
    if choice not in ("off", "verify"):
        raise SettingsError(f"DATABASE_TLS is {choice!r}; it takes: off, verify")
    return choice == "verify"


def _cache_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("CACHE_URL") or None
    if url is not None and urlsplit(url).scheme not in ("redis", "rediss"):
        raise SettingsError("CACHE_URL must begin with redis:// or rediss://")
    return url


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise SettingsError(f"{name} is {text!r}; it takes a number of at least 0")
    return value
