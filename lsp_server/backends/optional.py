"""Fields of a request that a server may do without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

from lsp_server.backends.base import BackendError, PromptTooLong

AnswerT = TypeVar("AnswerT")


class OptionalFields:
    """Fields that make an answer tell more. One that the server has refused is never sent again."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self._refused: set[str] = set()

    async def enter(
        self,
        stack: AsyncExitStack,
        send: Callable[[dict[str, Any]], AbstractAsyncContextManager[AnswerT]],
        *names: str,
    ) -> AnswerT:
        """Return the answer to a request with the fields of these names, entered into ``stack``.

        ``send`` makes the request with the fields it is given. It is made again without those that the
        server refuses; any other ``BackendError`` is raised.
        """
        while True:
            fields = {name: self._fields[name] for name in names if name not in self._refused}
            try:
                return await stack.enter_async_context(send(fields))
            except BackendError as error:
                # Another request may have learnt the same meanwhile.
                if not self.refused(error) & fields.keys():
                    raise

    def refused(self, error: BackendError) -> set[str]:
        """Return the fields that an error names. They are not sent again.

        Servers refuse with any status: 400 and 422 a field they do not know, 403 one that is not for
        everybody, 500 one that their model was not loaded for (llama-cpp-python without ``logits_all``).
        """
        if isinstance(error, PromptTooLong):
            return set()
        named = {name for name in self._fields if name in str(error)}
        self._refused |= named
        return named
