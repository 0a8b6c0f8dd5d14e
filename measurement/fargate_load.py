"""Makes a block's load on Fargate: the same Locust as locust_run.py, master and workers as tasks.

The profile goes to the tasks, and their record comes back, by the deployment's bucket: to a task
in another network there is no other way, and it needs none while the load runs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.account import Account, error_code, in_our_words
from infrastructure.load_tasks import LoadgenPlace, LoadTasksOrder, run_load_tasks
from loadtests.profiles import to_document
from loadtests.record_files import log_path, samples_path
from measurement.cloudwatch import Sleep
from measurement.errors import MeasurementError
from measurement.locust_run import Load, LoadOrder, LoadProgress, read_progress, read_record

CONNECT_SECONDS: Final = 600
"""The master waits so long for its workers, which are installed at the same time as it is."""
_PROFILE: Final = "profile.json"


@dataclass(frozen=True, slots=True)
class FargateLoad:
    """A MakeLoad whose Locust runs in the deployment's network."""

    account: Account
    place: LoadgenPlace
    workers: int
    run_key: str
    """What the run's results in the bucket begin with, under results/."""
    show: Callable[[str], None]
    sleep: Sleep

    @property
    def description(self) -> str:
        """For the run's record."""
        return f"Locust on Fargate, {self.workers} workers of {self.place.vcpus_per_task:g} vCPU"

    def __call__(
        self,
        order: LoadOrder,
        folder: Path,
        label: str,
        on_progress: Callable[[LoadProgress], None],
    ) -> Load:
        """Carry out one block's load; raises MeasurementError or InfrastructureError.

        The record is read as that of a load made here. How long the load took is the master's own
        word: from here only the tasks could be timed.
        """
        key = f"results/{self.run_key}/{label}"
        with in_our_words(self.account.region):
            self.account.client("s3").put_object(
                Bucket=self.place.bucket,
                Key=f"{key}/{_PROFILE}",
                Body=json.dumps(to_document(order.profile)).encode(),
            )
            tasks = self._tasks(order, key, label)
            run_load_tasks(self.account, self.place.kind, tasks, self.show, self.sleep)
            record = folder / f"{label}.json"
            progress = record.with_name(f"{record.name}.progress.json")
            wanted = [record, progress, log_path(record)]
            wanted += [samples_path(record)] if order.samples else []
            for path in wanted:
                self._fetch(f"{key}/{path.name}", path)
        last = read_progress(progress)
        assert last is not None, "it was fetched a moment ago"
        on_progress(last)
        load = Load(read_record(record), None, last.elapsed_seconds)
        record.unlink()
        progress.unlink()
        return load

    def _tasks(self, order: LoadOrder, key: str, label: str) -> LoadTasksOrder:
        return LoadTasksOrder(
            master=[
                *("--headless", "--only-summary", "--host", order.base_url),
                *("--profile", _PROFILE, "--seed", str(order.seed)),
                *("--record", f"results/{label}.json"),
                *(("--samples",) if order.samples else ()),
                *("--master", "--expect-workers", str(self.workers)),
                *("--expect-workers-max-wait", str(CONNECT_SECONDS)),
            ],
            # The task stores what it has written under results/ and this.
            master_environment={
                "PROFILE_KEY": f"{key}/{_PROFILE}",
                "RESULTS_KEY": key.removeprefix("results/"),
            },
            worker=["--worker", "--master-host"],
            workers=self.workers,
            seconds=order.profile.last_end_seconds,
        )

    def _fetch(self, key: str, path: Path) -> None:
        s3 = self.account.client("s3")
        try:
            answer = s3.get_object(Bucket=self.place.bucket, Key=key)
        except s3.exceptions.ClientError as error:
            if error_code(error) not in {"NoSuchKey", "404", "AccessDenied"}:
                raise
            raise MeasurementError(
                f"Locust on Fargate left no {key} in bucket {self.place.bucket}; its log is"
                f" {self.place.kind.log_group}"
            ) from error
        path.write_bytes(answer["Body"].read())
