"""Settings in layers, the later ones above the earlier."""

REMOVE = object()
"""Takes a setting away that is below."""


def merged(*layers: dict[str, object]) -> dict[str, object]:
    """One set of settings: dicts are merged, lists that begin with "+" added to."""
    found: dict[str, object] = {}
    for layer in layers:
        for name, value in layer.items():
            below = found.get(name)
            if value is REMOVE:
                found.pop(name, None)
            elif isinstance(value, dict) and isinstance(below, dict):
                found[name] = merged(below, value)
            elif isinstance(value, list) and value[:1] == ["+"]:
                if not isinstance(below, list):
                    raise TypeError(f"nothing to add to: {name}")
                found[name] = [*below, *value[1:]]
            else:
                found[name] = value
    return found
