"""What tokens cost. Pure.

The defaults are Mistral's list prices in US dollars. They were looked up on 2026-11-25 in the models.dev
catalogue, whose entries name the page docs.mistral.ai/inference/pricing, as of 2026-08-27. Prices change:
what the settings say counts more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lsp_server.config.origins import MISTRAL_ORIGINS, parse_origin
from lsp_server.config.settings import BackendSettings

BILLIONTHS_PER_UNIT: Final = 1_000_000_000
"""Costs are counted in whole billionths of the price's currency: sums of any order agree, and a single token
of the cheapest model still counts."""
TOKENS_PER_PRICE: Final = 1_000_000
LARGEST_COST: Final = 1_000_000 * BILLIONTHS_PER_UNIT
"""Of one request, whatever a backend or the settings say: sums of it fit into the file that keeps them."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a million tokens read and a million written, in one currency."""

    read: float
    written: float

    def cost(self, tokens_read: int, tokens_written: int) -> int:
        """What so many tokens cost, in billionths of the currency; ``LARGEST_COST`` at most."""
        total = tokens_read * self.read + tokens_written * self.written
        return round(min(total * (BILLIONTHS_PER_UNIT / TOKENS_PER_PRICE), LARGEST_COST))


_MISTRAL: Final = tuple(
    (re.compile(pattern), price)
    for pattern, price in (
        (r"codestral-(?:latest|2508)|mistral-code(?:-fim)?-latest", Price(0.30, 0.90)),
        (r"devstral-(?:medium-latest|latest|2512)|mistral-code-agent-latest", Price(0.40, 2.00)),
        (r"mistral-medium-(?:2604|3[.-]5)", Price(1.50, 7.50)),
        (r"ministral-3b-2512", Price(0.10, 0.10)),
        (r"ministral-8b-2512", Price(0.15, 0.15)),
        (r"ministral-14b-2512", Price(0.20, 0.20)),
    )
)


def price_of(backend: BackendSettings, model: str) -> Price | None:
    """Return the price of a backend's model, None if it is not known.

    ``price_in`` and ``price_out`` count, each for itself; what they leave open is Mistral's list price at
    Mistral's own addresses, and not known elsewhere. An empty ``model`` is the backend's default.
    """
    if backend.kind == "mistral" and not model:
        from lsp_server.backends.mistral import DEFAULT_MODEL

        model = DEFAULT_MODEL
    listed = _listed(backend, model)
    read = listed.read if backend.price_in is None and listed else backend.price_in
    written = listed.written if backend.price_out is None and listed else backend.price_out
    return None if read is None or written is None else Price(read, written)


def _listed(backend: BackendSettings, model: str) -> Price | None:
    try:
        if str(parse_origin(backend.address)) not in MISTRAL_ORIGINS:
            return None
    except ValueError:
        return None
    return next((price for pattern, price in _MISTRAL if pattern.fullmatch(model)), None)
