"""A function that cannot be loaded."""

import a_package_that_is_not_in_the_zip  # type: ignore[import-not-found]  # noqa: F401 - it fails
