"""Code actions: the list, which is made at once, and the command, whose work goes on behind its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.actions.model import CHANGED, CLOSED, NewFile, Outcome, Page, Plan, Situation
from lsp_server.lsp.action_progress import ActionProgress
from lsp_server.lsp.actions import (
    ACTION,
    code_actions,
    creation_of,
    diagnostics_from,
    edit_of,
    range_from,
    situation_of,
)
from lsp_server.lsp.client import dig
from lsp_server.lsp.logging_setup import log_failure
from lsp_server.lsp.messages import ErrorCode, ProtocolError
from lsp_server.notices import Notice

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)


async def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done there, by the syntax alone: editors ask at each move of the cursor."""
    situation = situation_of(ls.application.documents, params.text_document.uri, params.range, params.context)
    if situation is None:
        return []
    if ls.client.asks_once_for_actions:
        situation = replace(situation, automatic=False)
    offers = await ls.application.offers(situation, can_prompt=ls.client.can_prompt)
    return code_actions(offers, situation, ls.client, params.context.diagnostics)


def run_action(ls: Server, arguments: Sequence[Any]) -> None:
    """``[{action, uri, range, version?, instruction?, diagnostics?}]``: begin the action and return."""
    wanted = arguments[0] if arguments else None
    name, uri = dig(wanted, "action"), dig(wanted, "uri")
    place = range_from(dig(wanted, "range"))
    if not isinstance(name, str) or not isinstance(uri, str) or place is None:
        text = f"{ACTION} takes an object with action, uri and range"
        raise ProtocolError(ErrorCode.INVALID_PARAMS, text)
    context = types.CodeActionContext(diagnostics=diagnostics_from(dig(wanted, "diagnostics")))
    situation = situation_of(ls.application.documents, uri, place, context)
    version = dig(wanted, "version")
    if situation is None:
        ls.user.show(Notice("warning", f"Codestral: {CLOSED}."))
    elif isinstance(version, int) and version != situation.document.version:
        ls.user.show(Notice("warning", f"Codestral: {CHANGED}."))
    else:
        instruction = dig(wanted, "instruction")
        ls.spawn(_work(ls, name, situation, instruction if isinstance(instruction, str) else ""))


def cancel_progress(ls: Server, params: types.WorkDoneProgressCancelParams) -> None:
    """The user gives up an action."""
    progress = ls.action_progress.get(params.token)
    if progress is not None:
        progress.cancel()


async def _work(ls: Server, name: str, situation: Situation, instruction: str) -> None:
    """Do an action and say once what came of it."""
    task = asyncio.current_task()
    assert task is not None
    ls.actions_begun += 1
    progress = ActionProgress(ls, f"codestral-action {ls.actions_begun}", f"Codestral: {name}", task)
    ls.action_progress[progress.token] = progress
    message = "failed"
    try:
        await progress.begin()
        outcome = await ls.application.act(name, situation, instruction, progress.report)
        message = await _carry_out(ls, outcome)
    except asyncio.CancelledError:
        message = "cancelled, nothing is changed"
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said once and the session goes on
        log_failure(logger, "A code action", error)
        ls.user.show(Notice("error", f"Codestral: {name} failed inside the server; its log says where."))
    finally:
        ls.action_progress.pop(progress.token, None)
        progress.end(message)


async def _carry_out(ls: Server, outcome: Outcome) -> str:
    """Change or show what an action came to; returns the word for it."""
    if isinstance(outcome, Plan):
        problem = _stale(ls, outcome)
        if problem:
            return _refuse(ls, problem)
        return await _apply(ls, edit_of(outcome, ls.client), outcome.label)
    if isinstance(outcome, NewFile):
        if ls.client.creates_files and ls.client.document_changes:
            return await _apply(ls, creation_of(outcome), outcome.label)
        outcome = Page(outcome.label, f"For the new file `{outcome.path}`:\n\n````\n{outcome.text}\n````\n")
    if isinstance(outcome, Page):
        return await _show(ls, outcome)
    return _refuse(ls, outcome.reason)


def _stale(ls: Server, plan: Plan) -> str:
    """Why a plan must not be carried out any more, or nothing."""
    document = ls.application.documents.get(plan.document.uri)
    if document is None:
        return CLOSED
    return "" if document is plan.document else CHANGED


async def _apply(ls: Server, edit: types.WorkspaceEdit, label: str) -> str:
    params = types.ApplyWorkspaceEditParams(edit=edit, label=f"Codestral: {label}")
    try:
        answer = await ls.workspace_apply_edit_async(params)
    except JsonRpcException:
        return _refuse(ls, "the editor refuses edits from a language server")
    if _is_applied(answer):
        return "done"
    return _refuse(ls, "the editor did not apply the edit, nothing is changed")


def _is_applied(answer: object) -> bool:
    """Whether the client says that it has applied an edit, in whatever form its answer comes."""
    return getattr(answer, "applied", dig(answer, "applied")) is True


async def _show(ls: Server, page: Page) -> str:
    """Open the page in the editor, or say where it lies."""
    path = ls.application.keep_page(page)
    if path is None:
        return _refuse(ls, "the page cannot be written: make the cache folder writable")
    if ls.client.shows_documents:
        params = types.ShowDocumentParams(uri=path.as_uri(), take_focus=True)
        try:
            answer = await ls.window_show_document_async(params)
        except JsonRpcException:
            answer = None
        if getattr(answer, "success", dig(answer, "success")) is True:
            return "done"
    ls.user.show(Notice("info", f"Codestral: {page.title} is in {path}"))
    return "done"


def _refuse(ls: Server, reason: str) -> str:
    ls.user.show(Notice("warning", f"Codestral: {reason}."))
    return "nothing is changed"


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL: cancel_progress,
}
