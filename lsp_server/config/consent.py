"""Which backends may be used, and whether anything may leave the machine.

What allows remote backends is said by the user: in the user file (a hosted backend, or ``privacy.remote =
"allow"``), by approving an origin, or, when nothing at all is configured, by a key for Mistral in the
environment. An editor's settings cannot, because some editors merge repository files into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsp_server.config.origins import MISTRAL_ORIGINS, Origin, parse_origin
from lsp_server.config.settings import BackendSettings
from lsp_server.config.trust import is_remote


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user consented to. ``known`` are the origins that need no approval any more."""

    given: bool
    known: frozenset[str]

    def covers(self, backend: BackendSettings) -> bool:
        """Whether the backend may be used: it is local, or remote at a known origin with consent given."""
        if not is_remote(backend):
            return True
        origin = origin_of(backend)
        return self.given and origin is not None and str(origin) in self.known


def consent(
    asked: Sequence[BackendSettings],
    named_by_user: Sequence[BackendSettings],
    approved: frozenset[str],
    *,
    otherwise: bool,
) -> Consent:
    """Return what the user consented to.

    ``asked`` are the backends that are to be used, ``named_by_user`` the user file's own view of its
    backends. ``otherwise`` says whether consent is given apart from any backend: ``privacy.remote =
    "allow"`` in the user file, or a key for Mistral where nothing is configured.
    """
    own = remote_origins(named_by_user)
    given = otherwise or bool(own) or not approved.isdisjoint(remote_origins(asked))
    return Consent(given, MISTRAL_ORIGINS | own | approved)


def remote_origins(backends: Iterable[BackendSettings]) -> frozenset[str]:
    """The origins of the remote ones among ``backends``."""
    origins = (origin_of(backend) for backend in backends if is_remote(backend))
    return frozenset(str(origin) for origin in origins if origin is not None)


def origin_of(backend: BackendSettings) -> Origin | None:
    """The origin of a backend's address; None for the embedded engine."""
    try:
        return None if backend.kind == "embedded" else parse_origin(backend.address)
    except ValueError:
        return None
