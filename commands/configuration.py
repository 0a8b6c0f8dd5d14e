"""Where a flag's value comes from: command line, environment, compare.toml, default; in that order.

Every flag of every subcommand has a variable, COMPARE_<COMMAND>_<FLAG>, and a key in the
subcommand's section of compare.toml. Click does the looking up; here is what names there are, and
whose fault a wrong value is.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from measurement.errors import ArgumentError

FILE: Final = "compare.toml"
PREFIX: Final = "COMPARE"
_FILE_READ: Final = f"{__name__}.file"


def make_configurable(group: click.Group) -> None:
    """Give every subcommand's flags their variables, and every subcommand --config."""
    for name, command in group.commands.items():
        for option in flags_of(command).values():
            option.envvar = variable(name, option)
        command.params.append(
            click.Option(
                ["--config"],
                type=click.Path(path_type=Path, exists=True, dir_okay=False),
                metavar="FILE",
                envvar=f"{PREFIX}_CONFIG",
                is_eager=True,
                expose_value=False,
                callback=_configure,
                help=f"Defaults of the flags. [{FILE}, if it is there]",
            )
        )


def flags_of(command: click.Command) -> dict[str, click.Option]:
    """A subcommand's flags by their name without dashes: "fail-if"."""
    return {_long_name(param): param for param in command.params if isinstance(param, click.Option)}


def variable(command: str, option: click.Option) -> str:
    """The environment variable of a flag: COMPARE_RUN_FAIL_IF."""
    return f"{PREFIX}_{command}_{_long_name(option)}".upper().replace("-", "_")


def _long_name(option: click.Option) -> str:
    return next(name for name in option.opts if name.startswith("--")).removeprefix("--")


def refuse_unknown_variables(name: str, command: click.Command, environ: Mapping[str, str]) -> None:
    """A misspelt variable would change nothing, and nobody would notice; raises ArgumentError."""
    known = {variable(name, option) for option in flags_of(command).values()}
    for found in sorted(environ):
        if found.startswith(f"{PREFIX}_{name.upper()}_") and found not in known:
            raise ArgumentError(f"{found}: ./compare.py {name} has no such flag; unset it")


def _configure(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Click's callback, before any other flag: the file's values become this command's defaults."""
    group, name = ctx.find_root().command, ctx.info_name
    if ctx.resilient_parsing or name is None or not isinstance(group, click.Group):
        return
    refuse_unknown_variables(name, ctx.command, os.environ)
    found = path or (Path(FILE) if Path(FILE).is_file() else None)
    if found is not None:
        ctx.meta[_FILE_READ] = str(found)
        ctx.default_map = defaults_for(name, _toml(found), group.commands, str(found))


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArgumentError(f"{path}: is not TOML: {error}") from error


def defaults_for(
    command: str, values: Mapping[str, Any], commands: Mapping[str, click.Command], file: str
) -> dict[str, Any]:
    """One subcommand's section, by Click's names; all of the file is checked for unknown keys.

    Raises ArgumentError that names file and key. Whether a value fits its flag is Click's
    question, asked when the flag is read.
    """
    defaults: dict[str, Any] = {}
    for section, keys in values.items():
        if section not in commands or not isinstance(keys, Mapping):
            raise ArgumentError(
                f"{file}: {section}: no such section; there are [{'], ['.join(commands)}]"
            )
        flags = flags_of(commands[section])
        for key, value in keys.items():
            flag = flags.get(key.replace("_", "-"))
            if flag is None or flag.name is None or key == "config":
                raise ArgumentError(
                    f"{file}: [{section}] {key}: no such flag; see ./compare.py {section} --help"
                )
            if section == command:
                defaults[flag.name] = _checked(value, flag, f"{file}: [{section}] {key}")
    return defaults


def _checked(value: Any, flag: click.Option, where: str) -> Any:  # noqa: ANN401 - one TOML value of any kind
    """The value in a form that Click converts as it converts text from the command line."""
    if flag.is_flag:
        if not isinstance(value, bool):
            raise ArgumentError(f"{where}: is on or off; write true or false")
        return value
    listed = value if isinstance(value, list) else [value]
    if len(listed) != 1 and not flag.multiple:
        raise ArgumentError(f"{where}: takes one value, not {len(listed)}")
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) for one in listed):
        raise ArgumentError(f"{where}: takes text or a number")
    texts = [str(one) for one in listed]
    return texts if flag.multiple else texts[0]


def usage_message(error: click.ClickException) -> str:
    """Click's words for a wrong value, with the variable or the file that it came from."""
    ctx, param = getattr(error, "ctx", None), getattr(error, "param", None)
    if not isinstance(error, click.BadParameter) or ctx is None or not param or not param.name:
        return error.format_message()
    source = ctx.get_parameter_source(param.name)
    if source == ParameterSource.ENVIRONMENT:
        return f"{param.envvar}: {error.message}"
    if source == ParameterSource.DEFAULT_MAP and isinstance(param, click.Option):
        file = ctx.meta.get(_FILE_READ, FILE)
        return f"{file}: [{ctx.info_name}] {_long_name(param)}: {error.message}"
    return error.format_message()
