import pytest

from shared.errors import SettingsError
from shared.settings import CacheSettings, DatabaseSettings, settings_from_environ

LOCAL = "mysql://service:secret@127.0.0.1:3307/hausarbeit"
IAM = "mysql://service@db.example/hausarbeit"


def environ(**variables: str) -> dict[str, str]:
    return {"DATABASE_URL": LOCAL, **variables}


def test_a_database_url_alone_gives_every_default() -> None:
    settings = settings_from_environ(environ())

    assert settings.database == DatabaseSettings(
        host="127.0.0.1",
        port=3307,
        user="service",
        password="secret",
        name="hausarbeit",
        tls=False,
        tls_ca_file=None,
        timeout_seconds=0.7,
        secret_arn=None,
        iam=False,
        region=None,
    )
    assert settings.cache == CacheSettings(
        url=None,
        key_prefix="customer-data:v2:",
        timeout_seconds=0.25,
        ttl_seconds=3600,
        ttl_jitter_share=0.1,
        negative_ttl_seconds=30,
        breaker_open_seconds=1.0,
        lock_seconds=1.0,
        lock_wait_seconds=0.25,
        tls_ca_file=None,
        secret_arn=None,
        iam_name=None,
        region=None,
    )


def test_every_variable_is_read() -> None:
    settings = settings_from_environ(
        environ(
            DATABASE_TLS="verify",
            DATABASE_TLS_CA_FILE="/etc/rds.pem",
            DATABASE_TIMEOUT_SECONDS="1.5",
            CACHE_URL="rediss://:word@cache:6380/2",
            CACHE_KEY_PREFIX="test:",
            CACHE_TIMEOUT_SECONDS="0.1",
            CACHE_TTL_SECONDS="60",
            CACHE_TTL_JITTER_SHARE="0.5",
            CACHE_NEGATIVE_TTL_SECONDS="0",
            CACHE_BREAKER_OPEN_SECONDS="9",
            CACHE_LOCK_SECONDS="3",
            CACHE_LOCK_WAIT_SECONDS="2",
            CACHE_TLS_CA_FILE="/etc/cache.pem",
        )
    )

    assert settings.database.tls is True
    assert settings.database.tls_ca_file == "/etc/rds.pem"
    assert settings.database.timeout_seconds == 1.5
    assert settings.cache == CacheSettings(
        url="rediss://:word@cache:6380/2",
        key_prefix="test:",
        timeout_seconds=0.1,
        ttl_seconds=60,
        ttl_jitter_share=0.5,
        negative_ttl_seconds=0,
        breaker_open_seconds=9.0,
        lock_seconds=3.0,
        lock_wait_seconds=2.0,
        tls_ca_file="/etc/cache.pem",
        secret_arn=None,
        iam_name=None,
        region=None,
    )


@pytest.mark.parametrize(
    "name",
    [
        "CACHE_URL",
        "CACHE_TTL_SECONDS",
        "DATABASE_TIMEOUT_SECONDS",
        "DATABASE_TLS_CA_FILE",
    ],
)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert settings_from_environ(environ(**{name: ""})) == settings_from_environ(environ())


@pytest.mark.parametrize("url", ["mariadb://u:p@db.example/name", "mysql://u@db.example/name"])
def test_the_port_is_mariadbs_own_unless_the_url_names_one(url: str) -> None:
    assert settings_from_environ({"DATABASE_URL": url}).database.port == 3306


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_tls_is_off_by_default_on_this_machine(host: str) -> None:
    url = f"mysql://u:p@{host}/name"

    assert settings_from_environ({"DATABASE_URL": url}).database.tls is False


@pytest.mark.parametrize(
    "host",
    ["db.example", "10.0.0.1", "127.0.0.1.example", "localhost.example", "proxy.rds.amazonaws.com"],
)
def test_tls_is_verified_by_default_everywhere_else(host: str) -> None:
    url = f"mysql://u:p@{host}/name"

    assert settings_from_environ({"DATABASE_URL": url}).database.tls is True


def test_tls_can_be_switched_off_for_another_host() -> None:
    url = "mysql://u:p@db.example/name"

    settings = settings_from_environ({"DATABASE_URL": url, "DATABASE_TLS": "off"})

    assert settings.database.tls is False


def test_user_and_password_are_percent_decoded() -> None:
    url = "mysql://us%40er:p%40ss%2Fw%C3%B6rd%25@127.0.0.1/name"

    database = settings_from_environ({"DATABASE_URL": url}).database

    assert (database.user, database.password) == ("us@er", "p@ss/wörd%")


def test_no_password_shows_in_the_settings_text() -> None:
    settings = settings_from_environ(environ(CACHE_URL="redis://:cache-word@127.0.0.1/0"))

    assert "'secret'" not in repr(settings)
    assert "cache-word" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:3306/hausarbeit",
        "postgres://u:hunter2@127.0.0.1/name",
        "mysql://u:hunter2@127.0.0.1:port/name",
        "mysql://u:hunter2@127.0.0.1:70000/name",
        "mysql://u:hunter2@127.0.0.1",
        "mysql://u:hunter2@127.0.0.1/",
        "mysql://u:hunter2@/name",
        "mysql://:hunter2@127.0.0.1/name",
        "mysql://127.0.0.1/name",
        "mysql://u:hunter2@[::1/name",
        "mysql://u:hunter2/hunter2@127.0.0.1/name",
        "mysql://u:hunter2@127.0.0.1/name?ssl_disabled=1",
    ],
)
def test_a_wrong_database_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL must look like mysql://") as caught:
        settings_from_environ({"DATABASE_URL": url})

    assert "hunter2" not in str(caught.value)


def test_a_missing_database_url_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL .* it is not set$"):
        settings_from_environ({})


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        "http://127.0.0.1:6379",
        "unix:///run/redis",
        "redis://",
        "redis://:hunter2@127.0.0.1:port/0",
        "redis://:hunter2@[::1/0",
        "redis://:hunter2@127.0.0.1:6379/first",
        "redis://:hunter2@127.0.0.1:6379/0?protocol=3",
        "redis://:hunter2@127.0.0.1:6379/0?socket_timeout=60",
    ],
)
def test_a_wrong_cache_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^CACHE_URL must look like redis://") as caught:
        settings_from_environ(environ(CACHE_URL=url))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_TLS", "on"),
        ("DATABASE_TLS", "true"),
        *(
            (name, value)
            for name in (
                "DATABASE_TIMEOUT_SECONDS",
                "CACHE_TIMEOUT_SECONDS",
                "CACHE_TTL_SECONDS",
                "CACHE_TTL_JITTER_SHARE",
                "CACHE_NEGATIVE_TTL_SECONDS",
                "CACHE_BREAKER_OPEN_SECONDS",
                "CACHE_LOCK_SECONDS",
                "CACHE_LOCK_WAIT_SECONDS",
            )
            for value in ("soon", "-1", "nan", "inf", "1e999", "1e30", "5 s")
        ),
        # No time at all would make every connection fail, and a jitter above the whole would
        # leave nothing to live for.
        ("DATABASE_TIMEOUT_SECONDS", "0"),
        ("CACHE_TIMEOUT_SECONDS", "0"),
        ("CACHE_TTL_JITTER_SHARE", "1.1"),
    ],
)
def test_a_wrong_value_names_its_variable_and_itself(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_environ(environ(**{name: value}))

    assert str(caught.value).startswith(f"{name} is {value!r}; it takes")


def test_a_secret_takes_the_place_of_user_and_password() -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:data-AbCdEf"
    settings = settings_from_environ(
        {
            "DATABASE_URL": "mysql://db.example/name",
            "DATABASE_SECRET_ARN": arn,
            "CACHE_URL": "rediss://cache.example",
            "CACHE_SECRET_ARN": "cache-login",
            "AWS_REGION": "eu-west-1",
        }
    )

    assert (settings.database.secret_arn, settings.database.region) == (arn, "eu-central-1")
    assert (settings.cache.secret_arn, settings.cache.region) == ("cache-login", "eu-west-1")


def test_iam_tokens_need_no_password_and_always_verified_tls() -> None:
    settings = settings_from_environ(
        {
            "DATABASE_URL": "mysql://u@127.0.0.1/name",
            "DATABASE_IAM": "on",
            "CACHE_URL": "rediss://u@127.0.0.1:6379",
            "CACHE_IAM_NAME": "my-cache",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
    )

    assert (settings.database.iam, settings.database.tls) == (True, True)
    assert settings.cache.iam_name == "my-cache"
    assert settings.database.region == settings.cache.region == "eu-central-1"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"DATABASE_IAM": "yes"}, "DATABASE_IAM is 'yes'; it takes: off, on"),
        ({"DATABASE_IAM": "on"}, "DATABASE_URL's password and DATABASE_IAM=on exclude each other"),
        ({"DATABASE_SECRET_ARN": "a"}, "DATABASE_URL's password and DATABASE_SECRET_ARN exclude"),
        ({"DATABASE_URL": IAM, "DATABASE_IAM": "on"}, "AWS_REGION is not set; DATABASE_IAM=on"),
        (
            {"DATABASE_URL": IAM, "DATABASE_IAM": "on", "DATABASE_TLS": "off"},
            "DATABASE_TLS is 'off'; with DATABASE_IAM=on it takes: verify",
        ),
        ({"DATABASE_URL": "mysql://h/name"}, "DATABASE_URL must look like"),
        (
            {"CACHE_URL": "rediss://u:secret@h", "CACHE_IAM_NAME": "c"},
            "CACHE_URL's password and CACHE_IAM_NAME exclude each other; leave one",
        ),
        (
            {"CACHE_URL": "redis://u@h", "CACHE_IAM_NAME": "c"},
            "CACHE_URL must look like rediss://user@host:6379/0 with CACHE_IAM_NAME",
        ),
        (
            {"CACHE_URL": "rediss://h", "CACHE_IAM_NAME": "c"},
            "CACHE_URL must look like rediss://user@host:6379/0 with CACHE_IAM_NAME",
        ),
        ({"CACHE_URL": "rediss://u@h", "CACHE_IAM_NAME": "My"}, "CACHE_IAM_NAME is 'My'; it takes"),
        ({"CACHE_URL": "rediss://u@h", "CACHE_IAM_NAME": "c"}, "AWS_REGION is not set; CACHE_IAM"),
    ],
)
def test_logins_that_cannot_be_meant_are_named(variables: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_environ(environ(**variables))

    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)
