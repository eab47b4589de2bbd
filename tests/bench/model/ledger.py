"""An account that never goes below its limit."""

from dataclasses import dataclass, field


class OverdrawnError(Exception):
    """More was to be taken than there is."""


@dataclass
class Account:
    """An account in cents, with what was booked on it."""

    owner: str
    limit: int = 0
    closed: bool = False
    booked: list[tuple[str, int]] = field(default_factory=list)

    @property
    def balance(self) -> int:
        """What is on it now."""
        return sum(amount for _, amount in self.booked)

    def deposit(self, amount: int, memo: str = "deposit") -> int:
        """Put something in."""
        self._check(amount)
        self.booked.append((memo, amount))
        return self.balance

    def withdraw(self, amount: int) -> int:
        """Take something out, at most down to the limit."""
        self._check(amount)
        if self.balance - amount < -self.limit:
            raise OverdrawnError(f"{self.owner} has {self.balance}")
        self.booked.append(("withdrawal", -amount))
        if self.balance < 0:
            self.booked.append(("fee", -100))
        return self.balance

    def _check(self, amount: int) -> None:
        if self.closed:
            raise ValueError("the account is closed")
        if amount <= 0:
            raise ValueError("no amount")
