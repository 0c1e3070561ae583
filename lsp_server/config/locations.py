"""Where our files are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from lsp_server.config.environment import CONFIG_FILE, DATA_DIR
from lsp_server.config.files import Unreadable, parse_toml, read_small
from lsp_server.config.sources import Layer, Source

NAME: Final = "codestral-lsp"
FILE_NAME: Final = "config.toml"
WORKSPACE_FILE: Final = ".codestral-lsp.toml"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The user file: its path, and whether somebody named it, so that it has to be there.

    ``failure`` is one line when the path that was named cannot be used.
    """

    path: Path
    named: bool = False
    failure: str = ""


def config_file(environ: Mapping[str, str], argument: Path | None = None) -> ConfigFile:
    """Return where the user file is: ``--config``, else ``CODESTRAL_LSP_CONFIG``, else the usual place.

    A relative path in the environment is refused: it would be read in whatever folder the editor has open.
    """
    if argument is not None:
        return ConfigFile(_at_home(str(argument)), named=True)
    named = environ.get(CONFIG_FILE, "").strip()
    if not named:
        return ConfigFile(Path(platformdirs.user_config_dir(NAME, appauthor=False)) / FILE_NAME)
    path = _at_home(named)
    failure = "" if path.is_absolute() else f"{CONFIG_FILE} should be an absolute path"
    return ConfigFile(path, named=True, failure=failure)


def data_folder(environ: Mapping[str, str]) -> Path:
    """What is to be kept: approvals, models. All three folders may not be there yet."""
    return _own_folder(environ) or Path(platformdirs.user_data_dir(NAME, appauthor=False))


def state_folder(environ: Mapping[str, str]) -> Path:
    """What may be lost without loss of settings: logs, counts."""
    own = _own_folder(environ)
    return own / "state" if own else Path(platformdirs.user_state_dir(NAME, appauthor=False))


def cache_folder(environ: Mapping[str, str]) -> Path:
    """What can be made anew."""
    own = _own_folder(environ)
    return own / "cache" if own else Path(platformdirs.user_cache_dir(NAME, appauthor=False))


def read_user_file(file: ConfigFile) -> Layer:
    """Return what the user file says; nothing when it is not there and nobody named it.

    One that others may write is a failure: it decides where code and keys go.
    """
    place = str(file.path)
    if file.failure:
        return Layer(Source.USER, place=place, failure=file.failure)
    try:
        return Layer(Source.USER, parse_toml(read_small(file.path, guarded=True)), place)
    except FileNotFoundError:
        return Layer(Source.USER, place=place, failure="it is not there" if file.named else "")
    except Unreadable as error:
        return Layer(Source.USER, place=place, failure=str(error))


def read_workspace_file(folder: Path) -> Layer:
    """Return what a workspace folder's settings file says; a link may not lead out of the folder."""
    path = folder / WORKSPACE_FILE
    place = str(path)
    try:
        return Layer(Source.WORKSPACE, parse_toml(_read_inside(path, folder)), place)
    except FileNotFoundError:
        return Layer(Source.WORKSPACE, place=place)
    except Unreadable as error:
        return Layer(Source.WORKSPACE, place=place, failure=str(error))


def _read_inside(path: Path, folder: Path) -> str:
    if not os.path.lexists(path):
        raise FileNotFoundError(path)
    try:
        real = path.resolve(strict=True)
        inside = real.is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError):
        # Older Pythons raise RuntimeError for a loop of links.
        raise Unreadable("it is a link that leads nowhere") from None
    if not inside:
        raise Unreadable("it is a link that leads out of the folder")
    return read_small(real, follow=False)


def _own_folder(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(DATA_DIR, "").strip()
    folder = _at_home(named)
    # A relative one would put approvals into whatever folder is open, where a repository could bring its own.
    return folder if named and folder.is_absolute() else None


def _at_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
