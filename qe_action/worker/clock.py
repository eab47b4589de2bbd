"""Another date for the code under test: every clock of the standard library, moved by days."""

from __future__ import annotations

import datetime
import time


def shift(days: float) -> None:
    """Move `time` and `datetime` for whoever asks them from now on."""
    seconds = days * 86400
    _shift_time(seconds)
    delta = datetime.timedelta(seconds=seconds)
    datetime.date = _moved_date(datetime.date, delta)  # type: ignore[misc]
    datetime.datetime = _moved_datetime(datetime.datetime, delta)  # type: ignore[misc]


def _shift_time(seconds: float) -> None:
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name)))
    asctime, strftime, local = time.asctime, time.strftime, time.localtime
    time.asctime = lambda moment=None: asctime(local() if moment is None else moment)
    time.strftime = lambda form, moment=None: strftime(form, local() if moment is None else moment)


def _of_now(function):
    def moved(seconds=None):
        return function(time.time() if seconds is None else seconds)

    return moved


def _metaclass(real):
    """The class of a stand-in whose instances are those of the real one."""

    class Meta(type):
        def __instancecheck__(cls, value):
            return isinstance(value, real)

        def __subclasscheck__(cls, other):
            return issubclass(other, real)

    return Meta


def _moved_date(real, delta):
    class date(real, metaclass=_metaclass(real)):  # type: ignore  # noqa: N801
        def __new__(cls, *args, **options):
            made = real if cls.__mro__[0].__module__ == __name__ else cls
            return real.__new__(made, *args, **options)

        @classmethod
        def today(cls):
            return real.today() + delta

    return date


def _moved_datetime(real, delta):
    class datetime(real, metaclass=_metaclass(real)):  # type: ignore  # noqa: N801
        def __new__(cls, *args, **options):
            made = real if cls.__mro__[0].__module__ == __name__ else cls
            return real.__new__(made, *args, **options)

        @classmethod
        def now(cls, tz=None):
            moved = real.now(tz if tz is None else _utc()) + delta
            return moved if tz is None else moved.astimezone(tz)

        @classmethod
        def today(cls):
            return real.now() + delta

        @classmethod
        def utcnow(cls):
            return real.now(_utc()).replace(tzinfo=None) + delta

    return datetime


def _utc():
    return datetime.timezone.utc
