"""Amounts in other currencies, by rates that somebody else knows."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol


class Rates(Protocol):
    """Knows what a unit of a currency costs in another one."""

    def rate(self, source: str, target: str) -> Decimal | None: ...


def convert(amount: Decimal, source: str, target: str, rates: Rates, via: str = "EUR") -> Decimal:
    """The amount in the target currency, directly or by way of a third one."""
    if source == target:
        return amount
    direct = rates.rate(source, target)
    if direct is None:
        first, second = rates.rate(source, via), rates.rate(via, target)
        if first is None or second is None:
            raise LookupError(f"no rate from {source} to {target}")
        direct = first * second
    places = Decimal(1) if target in ("JPY", "KRW") else Decimal("0.01")
    return (amount * direct).quantize(places, rounding=ROUND_HALF_EVEN)
