"""Where models lie, and which file a setting means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsp_server.backends.embedded import catalogue, gguf
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL, MODELS, Model

APPLICATION: Final = "codestral-lsp"
DATA_FOLDER_VARIABLE: Final = "CODESTRAL_LSP_DATA_DIR"
PRIVATE_FOLDER: Final = 0o700
"""For the user alone. Windows ignores it; there the data folder is private by itself."""

LONGEST_NAME: Final = 80
"""Code points of the name inside a file; it is shown to people."""


class ModelFileError(Exception):
    """There is no usable model file. ``str(error)`` is one line for people: which, where, and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that is whole as far as size and header tell. ``model`` is its entry in the catalogue."""

    path: Path
    header: gguf.Header
    size_bytes: int
    model: Model | None

    @property
    def name(self) -> str:
        """The catalogue's name, or the file's with the one inside it: either may tell the model's family."""
        if self.model:
            return self.model.name
        inside = "".join(c for c in self.header.name if c.isprintable() and c not in "/\\")
        return f"{self.path.stem} ({inside[:LONGEST_NAME]})" if inside else self.path.stem


def models_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the models, which need not exist: in the user's data folder, or where
    ``CODESTRAL_LSP_DATA_DIR`` says.
    """
    chosen = environ.get(DATA_FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / "models"
    import platformdirs

    return platformdirs.user_data_path(APPLICATION, appauthor=False) / "models"


def model_path(wanted: str, folder: Path) -> tuple[Path, Model | None]:
    """Return the file that the setting ``model`` means and its entry in the catalogue; it need not exist.

    A name means the file in ``folder``; anything that ends in ``.gguf`` is a path. Empty means the default
    model, or one of the others if only that is there.

    Raises:
        ModelFileError: The name is not in the catalogue.
    """
    if wanted.lower().endswith(".gguf"):
        return Path(wanted).expanduser().absolute(), None
    if wanted:
        model = catalogue.find(wanted)
        if model is None:
            raise ModelFileError(
                f"no model is called {wanted!r}; use one of {catalogue.names()}, or the path of a .gguf file"
            )
        return folder / model.file_name, model
    there = (model for model in MODELS if (folder / model.file_name).is_file())
    model = next(there, DEFAULT_MODEL)
    return folder / model.file_name, model


def open_model(wanted: str, folder: Path) -> ModelFile:
    """Return the model file that the setting ``model`` means. Reads the file's header.

    Raises:
        ModelFileError: It is not there, cannot be read, is no GGUF file, or is not whole.
    """
    path, model = model_path(wanted, folder)
    again = f"run `codestral-lsp model pull {model.name}`" if model else "fetch it again"
    try:
        size = path.stat().st_size
        header = gguf.read(path)
    except FileNotFoundError:
        what = f"the model {model.name} is not on this machine" if model else f"there is no model file {path}"
        hint = again if model else "check the setting model"
        raise ModelFileError(f"{what}; {hint}") from None
    except OSError as error:
        raise ModelFileError(
            f"the model file {path} cannot be read ({error.strerror}); check its permissions"
        ) from error
    except gguf.GgufError as error:
        raise ModelFileError(f"the model file {path} cannot be used: {error}; {again}") from error
    if model and size != model.size_bytes:
        short = "truncated" if size < model.size_bytes else "damaged"
        raise ModelFileError(
            f"the model file {path} is {short}: {size} bytes instead of {model.size_bytes}; {again}"
        )
    return ModelFile(path, header, size, model)
