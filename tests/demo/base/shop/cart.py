"""A shopping cart."""

from dataclasses import dataclass, field


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

    def total(self, prices: dict[str, int]) -> int:
        """The price of everything, in cents."""
        return sum(prices[name] * count for name, count in self.items.items())
