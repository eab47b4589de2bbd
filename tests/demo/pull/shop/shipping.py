"""What it costs to send an order."""

ZONES = {"DE": 490, "FR": 790, "US": 1990}


def shipping(country: str, grams: int, express: bool = False) -> int:
    """The price of a parcel, in cents."""
    if grams <= 0:
        raise ValueError("a parcel weighs something")
    price = ZONES.get(country.upper(), 2990)
    if grams > 30_000:
        raise ValueError("too heavy for a parcel")
    if grams > 10_000:
        price += 600
    if express and country != "DE":
        price *= 2
    return price
