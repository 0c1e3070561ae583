"""The edge where configuration meets files: reads what each source says, and resolves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lsp_server.config.approvals import Approvals
from lsp_server.config.editor import editor_layer
from lsp_server.config.environment import read_environment
from lsp_server.config.layers import Inputs, Resolved, resolve
from lsp_server.config.locations import config_file as locate_config_file
from lsp_server.config.locations import data_folder, read_user_file, read_workspace_file


def load(
    config_file: Path | None,
    environ: Mapping[str, str],
    editor_tree: object,
    workspace_folders: Sequence[str | Path],
) -> Resolved:
    """Return the settings in force.

    ``config_file`` is the argument ``--config``; ``editor_tree`` is what the editor sent, in any shape.
    Never raises on what it reads: see ``Resolved.problems``. Blocks for a few small files.
    """
    approvals = Approvals(data_folder(environ))
    resolved = resolve(
        Inputs(
            user=read_user_file(locate_config_file(environ, config_file)),
            environment=read_environment(environ),
            editor=editor_layer(editor_tree),
            workspaces=tuple(
                read_workspace_file(Path(folder)) for folder in dict.fromkeys(workspace_folders)
            ),
            approved=approvals.origins(),
        )
    )
    problem = approvals.problem
    return replace(resolved, problems=(*resolved.problems, problem)) if problem else resolved
