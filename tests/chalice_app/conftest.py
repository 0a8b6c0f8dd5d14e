"""The packages of both stages, built once for all tests of this folder."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from measurement.packaging import LambdaPackage, package_lambda

STAGES = ("dev", "prod")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LambdaPackage]:
    """Stage -> its package, each built by itself.

    Not in the user's cache: a package that an older packager left there would hide a fault of the
    present one.
    """
    caches = [tmp_path_factory.mktemp(f"cache-{stage}") for stage in STAGES]
    with ThreadPoolExecutor() as pool:
        return dict(zip(STAGES, pool.map(package_lambda, caches, STAGES), strict=True))


@pytest.fixture(params=STAGES)
def package(request: pytest.FixtureRequest, packages: dict[str, LambdaPackage]) -> LambdaPackage:
    return packages[request.param]
