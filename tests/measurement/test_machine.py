import psutil

from measurement.machine import lambda_concurrency


def test_a_run_takes_the_environments_that_half_of_the_memory_holds() -> None:
    environments = lambda_concurrency()

    assert 1 <= environments <= 1000
    assert environments == 1 or environments * 50 * 2**20 <= psutil.virtual_memory().total / 2
