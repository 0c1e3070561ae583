"""How long to wait for a backend, and how much to take from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_STREAM_BYTES: Final = 16 << 20
"""The most bytes of one streamed answer: 4096 tokens, the most that can be asked for, at 4 KiB an event."""

MAX_BODY_BYTES: Final = 8 << 20
"""The most bytes of one JSON answer; a hosted router's list of all its models takes about one MiB."""

MAX_ERROR_BYTES: Final = 64 << 10
"""The most bytes read of an error's body, of which one line is shown."""

ERROR_BODY_S: Final = 1.0
"""How long to wait for an error's body when its status is known, in seconds."""

TAIL_S: Final = 0.5
"""How long to wait for the token counts after a model has said that it is done, in seconds."""

DRAIN_S: Final = 0.05
"""How long to wait for the end of a finished answer so that its connection can be used again, in seconds."""

KEEP_ALIVE_S: Final = 60.0
"""How long an unused connection to another machine is kept: the pauses of someone who types, in seconds.
A new TLS connection costs two round trips before the first token."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When to give up on a backend, each in seconds and each by itself.

    ``connect_s``: until connected. ``first_byte_s``: from asking to the first byte of the answer, which on a
    CPU may follow the reading of a long prompt. ``idle_s``: between two pieces. ``total_s``: for the whole
    answer, whatever else happens. ``load_s``: until a model is loaded, where that is asked for by itself.

    These bound how long a fault can hold a connection. How long a person waits is for the router to say.
    """

    connect_s: float = 5.0
    first_byte_s: float = 60.0
    idle_s: float = 20.0
    total_s: float = 120.0
    load_s: float = 300.0


DEFAULT_DEADLINES: Final = Deadlines()
