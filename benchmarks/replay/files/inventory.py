"""Stock kept in several warehouses, reserved for orders before it leaves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta


class OutOfStock(Exception):
    """There is not enough of an article that is not reserved."""

    def __init__(self, article: str, wanted: int, available: int) -> None:
        super().__init__(f"{article}: {wanted} wanted, {available} available")
        self.article = article
        self.available = available


@dataclass(frozen=True)
class Reservation:
    """Units of an article that are held for an order until ``expires``."""

    order: str
    article: str
    units: int
    expires: datetime


@dataclass
class Inventory:
    """What is in stock, and what of it is promised."""

    hold_for: timedelta = timedelta(hours=2)
    _stock: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _reservations: list[Reservation] = field(default_factory=list)

    def receive(self, article: str, units: int) -> None:
        """Add units that have arrived."""
        if units <= 0:
            raise ValueError(f"{units} units of {article} cannot arrive")
        self._stock[article] += units

    def available(self, article: str, now: datetime) -> int:
        """Units that are neither sold nor reserved."""
        held = sum(r.units for r in self._reservations if r.article == article and r.expires > now)
        return self._stock[article] - held

    def reserve(self, order: str, article: str, units: int, now: datetime) -> Reservation:
        """Hold units of an article for an order."""
        available = self.available(article, now)
        if units > available:
            raise OutOfStock(article, units, available)
        reservation = Reservation(order, article, units, now + self.hold_for)
        self._reservations.append(reservation)
        return reservation

    def ship(self, order: str, now: datetime) -> list[Reservation]:
        """Take what is reserved for an order out of the stock."""
        shipped = []
        for reservation in self._reservations:
            if reservation.order != order or reservation.expires <= now:
                continue
            self._stock[reservation.article] -= reservation.units
            shipped.append(reservation)
        self._reservations = [r for r in self._reservations if r not in shipped]
        return shipped

    def release(self, now: datetime) -> int:
        """Forget the reservations that have expired and return how many there were."""
        before = len(self._reservations)
        self._reservations = [r for r in self._reservations if r.expires > now]
        return before - len(self._reservations)

    def report(self) -> str:
        """One line for each article in stock, by name."""
        lines = [f"{article:<20} {units:>6}" for article, units in sorted(self._stock.items()) if units]
        return "\n".join(lines)
