"""A shopping cart."""

from dataclasses import dataclass, field

from shop.discount import discount
from shop.shipping import shipping


class OutOfStock(Exception):
    """There are not as many as were asked for."""


@dataclass
class Cart:
    stock: dict[str, int]
    items: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, count: int = 1) -> None:
        """Put `count` of `name` into the cart."""
        if count < 1:
            raise ValueError("count must be at least 1")
        wanted = self.items.get(name, 0) + count
        if wanted > self.stock.get(name, 0):
            raise OutOfStock(name)
        self.items[name] = wanted

    def remove(self, name: str, count: int = 1) -> None:
        """Take `count` of `name` out of the cart."""
        left = self.items.get(name, 0) - count
        if left < 0:
            raise ValueError(f"there are not {count} of {name}")
        if left:
            self.items[name] = left
        else:
            del self.items[name]

    def total(self, prices: dict[str, int], code: str = "") -> int:
        """The price of everything after the discount of `code`, in cents."""
        full = sum(prices[name] * count for name, count in self.items.items())
        return full - discount(full, code)

    def delivered(self, prices: dict[str, int], country: str, grams: int) -> int:
        """The price of everything and of sending it, in cents."""
        return self.total(prices) + shipping(country, grams)
