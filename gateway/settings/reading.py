"""Settings from the environment and a file of lines: nothing else in the gateway reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.settings.settings import Settings

PREFIX = "QUYEN_"
_FOR_COMMANDS = frozenset({"QUYEN_DEMO_PORT"})


class SettingsRefused(Exception):
    """The settings cannot be used; the text says which and why, and holds no secret."""


def read_settings(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read and check the settings.

    Args:
        environment: the variables; default: the process's own.
        env_file: lines of `NAME=value` that the environment overrides.

    Raises:
        SettingsRefused: unknown name, missing or unusable value; the text names it and shows no secret.
    """
    found = _overridden(
        _read_env_file(env_file) if env_file else {}, os.environ if environment is None else environment
    )
    nested: dict[str, Any] = {}
    for name, value in sorted(found.items()):
        if name.startswith(PREFIX) and name not in _FOR_COMMANDS:
            _place(nested, *_from_file(name, value))
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        raise SettingsRefused("; ".join(_sentence(each) for each in error.errors(include_input=False))) from None


def find_catalogue(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Path | None:
    """Find the folder of the catalogue alone (`QUYEN_CATALOGUE`): commands on it need no other setting.

    Raises:
        SettingsRefused: the file of settings, or the one that holds the name, cannot be read; or it is given twice.
    """
    found = _overridden(
        _read_env_file(env_file) if env_file else {}, os.environ if environment is None else environment
    )
    named: dict[str, Any] = {}
    for name, value in sorted(found.items()):
        if name.removesuffix("_FILE") == f"{PREFIX}CATALOGUE":
            _place(named, *_from_file(name, value))
    return Path(named["catalogue"]) if named else None


def demo_port(environment: Mapping[str, str] | None = None) -> int:
    """Return the first of the demo's four ports (`QUYEN_DEMO_PORT`, default 8400).

    Raises:
        SettingsRefused: not a port with room for three more.
    """
    raw_port = (os.environ if environment is None else environment).get("QUYEN_DEMO_PORT", "8400")
    if not (raw_port.isascii() and raw_port.isdecimal()) or not 1024 <= int(raw_port) <= 65532:
        raise SettingsRefused("QUYEN_DEMO_PORT must be a port between 1024 and 65532")
    return int(raw_port)


def _overridden(in_file: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Put the environment over a file of settings; a value and the file that holds it are one setting."""
    said = {name.removesuffix("_FILE") for name in environment}
    kept = {name: value for name, value in in_file.items() if name.removesuffix("_FILE") not in said}
    return {**kept, **environment}


def _from_file(name: str, value: str) -> tuple[str, str]:
    if not name.endswith("_FILE"):
        return name, value
    try:
        return name.removesuffix("_FILE"), Path(value).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"{name}: the file cannot be read ({_why(error)})") from None


def _why(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8, or has no such name"


def _place(nested: dict[str, Any], name: str, value: str) -> None:
    *folders, last = name.removeprefix(PREFIX).lower().split("__")
    for folder in folders:
        nested = nested.setdefault(folder, {})
        if not isinstance(nested, dict):
            raise SettingsRefused(f"{name}: stands beside a value of the same name")
    if last in nested:
        raise SettingsRefused(f"{name}: given twice")
    nested[last] = value


def _sentence(error: Any) -> str:
    name = PREFIX + "__".join(str(part).upper() for part in error["loc"]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return f"{name}: no such setting"
    if error["type"] == "missing":
        return f"{name}: must be set"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"{path}: cannot be read ({_why(error)})") from None
    pairs = [line.split("=", 1) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if any(len(pair) != 2 for pair in pairs):
        raise SettingsRefused(f"{path}: a line is not NAME=value")
    return {name.strip(): value.strip() for name, value in pairs}
