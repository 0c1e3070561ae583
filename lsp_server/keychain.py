"""The system keyring, asked in threads: one that is locked answers when the user has unlocked it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from lsp_server.config.keys import KeyRefused, ReadKeyring, read_system_keyring


class KeyAwaited(Exception):
    """The keyring has been asked for a key and has not answered yet."""


class Keychain:
    """Entries of the keyring for a session. None is kept: each answer is handed out once."""

    def __init__(self, read: ReadKeyring = read_system_keyring) -> None:
        self._read = read
        self._answers: dict[tuple[str, str], str | KeyRefused | None] = {}
        self._asked: dict[tuple[str, str], asyncio.Event] = {}
        self._one_at_a_time = threading.Lock()

    @property
    def is_waiting(self) -> bool:
        """Whether the keyring has been asked and has not answered yet."""
        return bool(self._asked)

    def read(self, service: str, account: str) -> str | None:
        """Return the password of ``account`` at ``service``, or None, once the keyring has told it.

        Raises:
            KeyAwaited: It has not yet; it is asked now, unless it has been.
            KeyRefused: There is no keyring, or it is locked.
        """
        entry = (service, account)
        if entry not in self._answers:
            if entry not in self._asked:
                self._asked[entry] = asyncio.Event()
                loop = asyncio.get_running_loop()
                # A daemon, for which the end of the process does not wait: its question may stay unanswered.
                threading.Thread(target=self._ask, args=(entry, loop), daemon=True).start()
            raise KeyAwaited
        answer = self._answers.pop(entry)
        if isinstance(answer, KeyRefused):
            raise answer
        return answer

    async def answered(self) -> None:
        """Return when the keyring has answered all that it has been asked."""
        while self._asked:
            await next(iter(self._asked.values())).wait()

    def _ask(self, entry: tuple[str, str], loop: asyncio.AbstractEventLoop) -> None:
        with self._one_at_a_time:
            try:
                answer: str | KeyRefused | None = self._read(*entry)
            except KeyRefused as error:
                answer = error
        with suppress(RuntimeError):  # The session has ended.
            loop.call_soon_threadsafe(self._take, entry, answer)

    def _take(self, entry: tuple[str, str], answer: str | KeyRefused | None) -> None:
        self._answers[entry] = answer
        self._asked.pop(entry).set()
