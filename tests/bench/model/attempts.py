"""Calls that are tried again."""

from collections.abc import Callable


def attempt(
    call: Callable[[], object],
    times: int = 3,
    retry_on: tuple[type[Exception], ...] = (OSError,),
    between: Callable[[int], None] | None = None,
) -> object:
    """What a call gives, tried again where it fails with an exception of these kinds."""
    if times < 1:
        raise ValueError("at least one attempt")
    for number in range(1, times + 1):
        try:
            return call()
        except retry_on as error:
            if number == times:
                raise RuntimeError(f"failed {times} times") from error
            if between is not None:
                between(number)
    raise AssertionError("never here")
