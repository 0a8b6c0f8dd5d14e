"""Our options beside Locust's own, and the profile that they choose.

Separate from the locustfile, which connects the parts with Locust: nothing here imports it.
"""

import argparse
from pathlib import Path
from typing import Any

from loadtests.errors import LoadTestError
from loadtests.http_client import parse_origin
from loadtests.profiles import DEFAULT_PROFILE, Profile, customised, find_profile


def add_options(parser: argparse.ArgumentParser, **_: object) -> None:
    """Add ours to Locust's; --host, --users and --profile are Locust's own."""
    hidden: dict[str, Any] = {"include_in_web_ui": False}
    parser.add_argument("--seed", type=int, default=1, help="same seed, same requests")
    parser.add_argument("--rate", type=float, help="requests per second (open models)", **hidden)
    parser.add_argument("--block-seconds", type=float, help="stop after this time", **hidden)
    parser.add_argument(
        "--warm-up-seconds", type=float, help="latencies count from then on", **hidden
    )
    # A text: Locust sends its options to workers, and can send no path.
    parser.add_argument(
        "--record", metavar="FILE", help="write the exact record here (JSON)", **hidden
    )
    parser.add_argument(
        "--samples", action="store_true", help="keep every single request too", **hidden
    )


def chosen_profile(options: argparse.Namespace) -> Profile:
    """As the options say; Locust puts a number of users there even where none was given."""
    profile = find_profile(options.profile or DEFAULT_PROFILE)
    return customised(
        profile,
        users=options.num_users if profile.closed else None,
        rate=options.rate,
        block_seconds=options.block_seconds,
        warm_up_seconds=options.warm_up_seconds,
    )


def check_options(options: argparse.Namespace, host: str | None) -> None:
    """Raise LoadTestError for what can be wrong before anything starts."""
    if options.record is not None and not Path(options.record).parent.is_dir():
        raise LoadTestError(f"--record: no directory {Path(options.record).parent}; make it first")
    if host is not None:
        parse_origin(host)
    profile = customised(chosen_profile(options), users=options.num_users)
    if profile.closed:
        # Locust would otherwise take 1 for a missing --users.
        options.num_users = profile.users
