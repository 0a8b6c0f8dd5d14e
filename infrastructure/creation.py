"""Creates or updates a whole deployment, step by step; a second run changes only what differs.

The order is that of plan.py. What belongs to other packages (building artefacts, `chalice deploy`)
is handed in, so that this one makes AWS calls and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infrastructure.account import Account
from infrastructure.api_stage import apply_stage_settings
from infrastructure.artefact_bucket import upload
from infrastructure.chalice_stage import (
    CONFIG,
    deployed_record,
    deployed_resources,
    stage_values,
    write_stage,
)
from infrastructure.errors import InfrastructureError, StackBlockedError
from infrastructure.lambda_side import code_digest, find_lambda_side
from infrastructure.loader_task import LoaderTask, load_data
from infrastructure.plan import (
    DeploymentOptions,
    PlannedStack,
    parameters_of,
    read_template,
    stack_name,
    stack_tags,
)
from infrastructure.provisioned import Provisioning, apply_provisioning
from infrastructure.schedule import KIND, Expiry, expires_at, expiry_order
from infrastructure.stacks import Change, StackOrder, Stacks


@dataclass(frozen=True, slots=True)
class Hands:
    """What the creation is given to work with, beside the account."""

    show: Callable[[str], None]
    """Told each step in a line."""
    may_recreate: Callable[[str], bool]
    """Asked whether a stack that can only be deleted shall be; gets the reason."""
    build_artefacts: Callable[[], Mapping[str, Path]]
    """Kind (instance, loader, loadgen) -> its .tar.gz."""
    chalice_deploy: Callable[[str], bool]
    """Deploy this stage; whether it went well. Chalice's own words are on the terminal."""
    repository: Path
    """The checkout with chalice_app/."""


@dataclass(slots=True)
class Creation:
    """One run of `up`: what it has found out so far."""

    account: Account
    stacks: Stacks
    options: DeploymentOptions
    hands: Hands
    outputs: dict[str, str] = field(default_factory=dict)
    """Outputs of all stacks so far, and the artefacts' places."""
    changes: list[str] = field(default_factory=list)
    """What was created or changed, in words."""
    api_url: str = ""

    def run(self, planned: tuple[PlannedStack, ...], expiry: Expiry | None) -> None:
        """Make everything; raises InfrastructureError with what to do next."""
        self._refuse_foreign_function()
        if expiry is not None:
            self._deploy(expiry_order(self.options, Expiry(expiry.at, self._known_api_id())))
        for stack in planned:
            order = StackOrder(
                stack_name(self.options.name, stack.kind),
                read_template(stack.template),
                parameters_of(stack, self.outputs),
                stack_tags(self.options.name),
            )
            self._deploy(order)
            if stack.kind == "artefacts":
                self._upload_artefacts()
            if stack.kind == "bootstrap":
                self._load_data()
        api_id = self._deploy_function()
        if expiry is not None:
            self._deploy(expiry_order(self.options, Expiry(expiry.at, api_id)))

    def found_expiry(self) -> Expiry | None:
        """What an earlier --ttl has scheduled."""
        found = self.stacks.find(stack_name(self.options.name, KIND))
        if found is None or "RemoveFrom" not in found.outputs:
            return None
        return Expiry(expires_at(found.outputs))

    def forget_expiry(self) -> None:
        """Take an earlier --ttl back."""
        found = self.stacks.find(stack_name(self.options.name, KIND))
        if found is not None:
            self.stacks.delete(found)
            self.changes.append(f"stack {found.name} deleted")

    def _deploy(self, order: StackOrder) -> None:
        self.hands.show(f"stack {order.name}")
        change = self._deploy_or_recreate(order)
        if change != "unchanged":
            self.changes.append(f"stack {order.name} {change}")
        found = self.stacks.find(order.name)
        assert found is not None, "it was deployed a moment ago"
        self.outputs.update(found.outputs)

    def _deploy_or_recreate(self, order: StackOrder) -> Change:
        try:
            return self.stacks.deploy(order)
        except StackBlockedError as error:
            if not self.hands.may_recreate(str(error)):
                raise
        blocked = self.stacks.find(order.name)
        if blocked is not None:
            self.stacks.delete(blocked)
        return self.stacks.deploy(order)

    def _upload_artefacts(self) -> None:
        self.hands.show("building and uploading what the instance and the tasks run")
        s3 = self.account.client("s3")
        for kind, artefact in self.hands.build_artefacts().items():
            key, version = upload(s3, self.outputs["ArtefactBucket"], kind, artefact)
            self.outputs[f"{kind.capitalize()}ArtefactKey"] = key
            self.outputs[f"{kind.capitalize()}ArtefactVersion"] = version

    def _load_data(self) -> None:
        task = LoaderTask(self.outputs, self.outputs["LoaderArtefactKey"])
        if load_data(self.account, task, self.hands.show):
            self.changes.append("data set loaded")

    def _deploy_function(self) -> str:
        """Write the stage, run `chalice deploy`, set the API's stage up; the API's id."""
        options, repository = self.options, self.hands.repository
        config = repository / CONFIG
        if write_stage(config, options.stage, stage_values(options, self.outputs)):
            self.changes.append(f"stage {options.stage} of {CONFIG} written")
        self.hands.show(f"chalice deploy --stage {options.stage}")
        before = code_digest(self.account, options.function_name)
        if not self.hands.chalice_deploy(options.stage):
            raise InfrastructureError(
                "chalice deploy failed, see above; run ./compare.py up again, or in chalice_app/:"
                f" chalice deploy --stage {options.stage}"
            )
        after = code_digest(self.account, options.function_name)
        if after != before:
            self.changes.append(f"function {'updated' if before else 'created'}")
        record = deployed_record(repository, options.stage)
        api = deployed_resources(record)["rest_api"].values
        self.api_url, api_id = api["rest_api_url"], api["rest_api_id"]
        if apply_stage_settings(self.account, options.name, api_id, options.stage, self.outputs):
            self.changes.append("access log, throttling and metrics of the API set")
        self._provision(api_id)
        return api_id

    def _provision(self, api_id: str) -> None:
        options = self.options
        wanted = Provisioning(
            options.function_name, options.provisioned_concurrency, api_id, options.stage
        )
        if wanted.count:
            self.hands.show(f"initialising {wanted.count} environments of the function")
        changed = apply_provisioning(self.account, wanted)
        if changed is not None:
            self.changes.append(changed)

    def _known_api_id(self) -> str:
        """The API that Chalice remembers; empty before its first deployment."""
        record = deployed_record(self.hands.repository, self.options.stage)
        api = deployed_resources(record).get("rest_api")
        return "" if api is None else api.values["rest_api_id"]

    def _refuse_foreign_function(self) -> None:
        """Chalice would make a second API beside one that it does not remember."""
        options = self.options
        record = deployed_record(self.hands.repository, options.stage)
        side = find_lambda_side(self.account, options.name, options.function_name)
        if side and not deployed_resources(record):
            raise InfrastructureError(
                f"the function {options.function_name} or its API exists, but this checkout has no"
                f" record of it ({record.relative_to(self.hands.repository)}): copy that file from"
                " where it was deployed, or run ./compare.py down first"
            )
