"""What `--help` says beside the flags: one line for each subcommand, and its examples.

In one place, so that all subcommands say it in the same form; a test parses every example.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click


@dataclass(frozen=True, slots=True)
class CommandHelp:
    short: str
    """For the list of commands: at most 64 characters, so that it stays on one line of 80."""
    examples: tuple[tuple[str, str], ...]
    """Arguments behind `./compare.py`, and what comes of them."""


HELP: Final[Mapping[str, CommandHelp]] = {
    "run": CommandHelp(
        "Put the sides under the same load in turn and compare them.",
        (
            ("", "about 3 minutes"),
            ("run --profile origin --users 50", "the load of 2020"),
            ("run --profile arrivals --rate 250", "an open model"),
            ("run --until-ci 5% --max-time 1h", "until it is sure"),
            ("run --targets cached,three-tier,serverless", "any number"),
            ("run --urls a=http://a.test,b=http://b.test", "your servers"),
            ("run --fail-if 'serverless.p95_ms > 250'", "exit 1 if it holds"),
            ("run --on aws", "what up has created"),
        ),
    ),
    "resume": CommandHelp(
        "Go on with an interrupted run.",
        (("resume results/forty", "measure what is missing, then report"),),
    ),
    "report": CommandHelp(
        "Print the comparison of an earlier run again.",
        (
            ("report results/forty", ""),
            ("report results/forty --markdown", "for a pull request"),
            ("report results/forty --json > base.json", "a baseline"),
            ("report results/forty --csv tables", "figures.csv and more"),
            ("report results/forty --region us-east-1", "its prices"),
            ("report results/four --reference cached", "against another side"),
        ),
    ),
    "diff": CommandHelp(
        "Say what changed from one run to another.",
        (
            ("diff results/old results/new", ""),
            ("diff base.json results/new --markdown", "a saved report"),
            ("diff base.json results/new --fail-if 'ec2.p95_ms.change > 10%'", ""),
        ),
    ),
    "profiles": CommandHelp(
        "List the loads, or describe and draw one of them.",
        (
            ("profiles spike", ""),
            ("profiles my-load.toml", "is it right, and what does it do?"),
        ),
    ),
    "cost": CommandHelp(
        "Say what a month costs: of a run, or of typed figures.",
        (
            ("cost results/forty --rate 50 --slo 'p95<200ms'", ""),
            ("cost --sides cached --rate 50 --cpu-ms 2", ""),
            ("cost --requests 3000000 --billed-ms 120 --memory 1536", ""),
        ),
    ),
    "forecast": CommandHelp(
        "Say what more users would feel, need and cost, from runs.",
        (
            ("forecast results/forty --users 100..5000 --slo 'p95<200ms'", ""),
            ("forecast results/50 results/800", "checks itself"),
            ("forecast results/800 --users 10000..1000000 --beyond", ""),
            ("forecast --inputs figures.toml --json", ""),
        ),
    ),
    "prices": CommandHelp(
        "Show the price book, or refresh it from AWS.",
        (
            ("prices lambda", "everything of Lambda"),
            ("prices missing", "what nobody found"),
            ("prices --refresh", "ask AWS, with your credentials"),
        ),
    ),
    "serve": CommandHelp(
        "Leave one side running for curl or a browser.",
        (("serve serverless", ""), ("serve ec2 --port 8080", "")),
    ),
    "check": CommandHelp(
        "Look whether a run will work here, and what to do if not.",
        (("check", ""), ("check --aws", "ask AWS, too, who you are")),
    ),
    "up": CommandHelp(
        "Create both sides in your AWS account. Costs money.",
        (
            ("up --ttl 4h", "about 25 minutes; says the price and asks first"),
            ("run --on aws", "the comparison"),
            ("down", "removes it all"),
        ),
    ),
    "status": CommandHelp(
        "Show what there is on AWS and what it costs by the hour.",
        (("status", ""), ("status --name mine", "of another deployment")),
    ),
    "down": CommandHelp(
        "Remove everything that up has made.",
        (("down", "says what, and asks first"), ("down --yes", "for scripts")),
    ),
    "completion": CommandHelp(
        "Print the script that completes commands in your shell.",
        (
            ("completion bash >> ~/.bashrc", ""),
            ("completion zsh >> ~/.zshrc", ""),
            ("completion fish > ~/.config/fish/completions/compare.py.fish", ""),
        ),
    ),
}


def add_help(group: click.Group) -> None:
    """Give every subcommand its line in the list and its examples."""
    for name, command in group.commands.items():
        command.short_help = HELP[name].short
        command.epilog = epilog(HELP[name])


def epilog(entry: CommandHelp) -> str:
    r"""The examples below the flags, their explanations aligned; \b keeps Click from filling."""
    lines = [(f"./compare.py {arguments}".rstrip(), words) for arguments, words in entry.examples]
    width = max((len(line) for line, words in lines if words), default=0)
    shown = [f"{line:<{width}}  {words}".rstrip() for line, words in lines]
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in shown)])
