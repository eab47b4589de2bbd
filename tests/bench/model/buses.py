"""Events from those who have them to those who want them."""

from collections.abc import Callable

Handler = Callable[[object], None]


class Bus:
    """Handlers by topic, `*` for all topics; one that fails does not keep the others from it."""

    def __init__(self, on_error: Callable[[Exception], None] | None = None) -> None:
        self._handlers: list[tuple[str, Handler, bool]] = []
        self._on_error = on_error

    def subscribe(self, topic: str, handler: Handler, once: bool = False) -> Callable[[], None]:
        """Call a handler for a topic's events; what this gives ends it."""
        entry = (topic, handler, once)
        self._handlers.append(entry)

        def leave() -> None:
            if entry in self._handlers:
                self._handlers.remove(entry)

        return leave

    def publish(self, topic: str, event: object) -> int:
        """Give an event to all who want it; how many took it."""
        took = 0
        for entry in list(self._handlers):
            wanted, handler, once = entry
            if wanted not in (topic, "*"):
                continue
            if once:
                self._handlers.remove(entry)
            try:
                handler(event)
            except Exception as error:
                if self._on_error is None:
                    raise
                self._on_error(error)
            else:
                took += 1
        return took
