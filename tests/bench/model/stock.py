"""What is on the shelves, and what is promised."""


class Stock:
    """Counts of articles; what is reserved can't be reserved again."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = dict(counts)
        self.reserved: dict[str, dict[str, int]] = {}

    def free(self, article: str) -> int:
        """How many of an article nobody has reserved."""
        held = sum(order.get(article, 0) for order in self.reserved.values())
        return self.counts.get(article, 0) - held

    def reserve(self, order: str, wanted: dict[str, int], partial: bool = False) -> dict[str, int]:
        """Reserve articles for an order: all of them, or as many as there are."""
        if order in self.reserved:
            raise KeyError(order)
        got = {}
        for article, count in wanted.items():
            there = self.free(article)
            if there < count and not partial:
                raise ValueError(f"only {there} of {article}")
            if taken := min(there, count):
                got[article] = taken
        self.reserved[order] = got
        return got

    def ship(self, order: str) -> int:
        """Take an order's articles away; how many went."""
        articles = self.reserved.pop(order, None)
        if articles is None:
            return 0
        for article, count in articles.items():
            self.counts[article] -= count
        return sum(articles.values())
