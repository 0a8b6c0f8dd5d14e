"""`python -m ec2_app.preload`: fill the cache before the server starts.

Lies here because shared/, which does the work, ships to Lambda too and holds no commands.
"""

import os
import sys
import time

from shared.cache_connections import CacheError
from shared.errors import DataUnavailableError, SettingsError
from shared.preload import preload
from shared.settings import settings_from_environ


def main() -> int:
    """Fill the cache and say so in one line.

    Exit code 2 when a setting is wrong or there is no cache, 1 when a server cannot be used.
    """
    started = time.monotonic()
    try:
        done = preload(settings_from_environ(os.environ))
    except SettingsError as error:
        return _complain(str(error), 2)
    except CacheError as error:
        return _complain(f"the cache of CACHE_URL cannot be used: {error}", 1)
    except DataUnavailableError as error:
        return _complain(f"the database of DATABASE_URL cannot be used: {error.__cause__}", 1)
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"preload: {done.entries} entries of {done.customers} customers in {seconds:.1f} s\n"
    )
    return 0


def _complain(message: str, exit_code: int) -> int:
    sys.stderr.write(f"preload: {message}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
