"""Discount codes."""

CODES = {"WELCOME": 10, "VIP": 25}


def discount(amount: int, code: str) -> int:
    """What `code` takes off `amount`, in cents."""
    if not code:
        return 0
    percent = CODES.get(code.upper())
    if percent is None:
        raise LookupError(f"unknown code {code}")
    if amount < 1000:
        # Small orders get half of it.
        percent //= 2
    return amount * percent // 100
