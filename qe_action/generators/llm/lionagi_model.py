"""A model behind lionagi. This is the one module that imports it, when a model is asked first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from qe_action.generators.llm.base_address import address
from qe_action.generators.llm.chunks import Account, nothing_said, text_of
from qe_action.generators.llm.conversation import MISSING, Ending, Message, ModelFault, Piece
from qe_action.generators.llm.model_faults import Subject
from qe_action.generators.llm.model_secrets import secrets_of
from qe_action.model_options import ModelOptions

_LOADING = Lock()
_COUNT = "stream_options"
_LOGGERS = ("httpx", "httpcore")  # they show whole addresses, with what stands in them
_QUIET = "The model's server has said nothing more for too long."
_LATE = "An answer of the model took too long, and was not waited for to its end."
_THEIRS = (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_THEIRS_TOO = (AttributeError, AssertionError, ImportError)
"""What lionagi raises, or a model that was made by others."""


@dataclass(frozen=True)
class Patience:
    """Seconds that an answer may take: `whole` until its end, `quiet` until its next event.

    `first` is for the first words: a model on a slow machine reads for minutes before it writes.
    """

    quiet: float = 120.0
    whole: float = 600.0
    first: float = 400.0


class LionagiModel:
    """Streams the answers of an `iModel`: one that is made by `make` at the first, or a ready one.

    The key is in no fault. A model that was handed in is left open.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        make: Callable[[], Any] | None = None,
        ready: Any = None,
        patience: Patience | None = None,
    ) -> None:
        self._subject = subject
        self._make = make
        self._model = ready
        self._patience = patience or Patience()
        self._counts = True  # whether the server is asked to count tokens

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """Raises ModelFault."""
        model = await self._made()
        request = _request(model, messages, count=self._counts)
        try:
            async with aclosing(self._streamed(model, request)) as stream:
                async for said in stream:
                    yield said
        except ModelFault as fault:
            # Servers that speak OpenAI's language mostly, but are not asked for counts in it.
            if _COUNT not in request or fault.kind != "refused" or _COUNT not in fault.message:
                raise
            self._counts = False
        else:
            return
        async with aclosing(self.answer(messages)) as again:
            async for said in again:
                yield said

    async def _streamed(
        self, model: Any, request: dict[str, Any]
    ) -> AsyncGenerator[Piece | Ending, None]:
        """One answer of an `iModel`. Raises ModelFault."""
        account = Account()
        wrote = False
        stream = model.stream(**request)
        clock = asyncio.get_running_loop().time
        until = clock() + self._patience.whole
        try:
            while True:
                quiet = self._patience.quiet if wrote else self._patience.first
                deadline = min(until, clock() + quiet)
                chunk = await self._next(stream, deadline, until)
                if chunk is None:
                    break
                text = text_of(chunk, account)
                if text:
                    wrote = True
                    yield Piece(text)
        finally:
            await _close(stream)
        if not wrote and not account.events:
            raise nothing_said(account)
        yield account.ending

    async def _next(self, stream: AsyncGenerator[Any, None], deadline: float, until: float) -> Any:
        """The next chunk; None after the last one. Raises ModelFault and nothing else.

        It is waited for up to `deadline`, or to the end of the whole answer's time, `until`.
        """
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(stream)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            fault = ModelFault("stalled", _LATE if deadline == until else _QUIET)
        except (*_THEIRS, *_THEIRS_TOO) as error:
            from qe_action.generators.llm.stream_failures import fault_of

            fault = fault_of(error, self._subject)
        raise fault  # out of the handler: what lionagi raises may hold what the server was sent

    async def _made(self) -> Any:
        """The model, made in a thread, as that takes long. Raises ModelFault."""
        if self._model is not None:
            return self._model
        assert self._make is not None
        try:
            self._model = await asyncio.to_thread(self._make)
        except ImportError:
            fault = ModelFault("missing", MISSING)
        except (*_THEIRS, *_THEIRS_TOO) as error:
            why = type(error).__name__
            fault = ModelFault("missing", f"What asks models can't be loaded ({why}).")
        else:
            return self._model
        raise fault

    async def aclose(self) -> None:
        """Leave the model."""
        if self._make is not None and self._model is not None:
            with suppress(*_THEIRS):
                await self._model.close()


def lionagi_model(options: ModelOptions, *, patience: Patience | None = None) -> LionagiModel:
    """The model that options name. Nothing is loaded or sent before it is asked."""
    key = options.key.get_secret_value()
    headers = {name: value.get_secret_value() for name, value in options.headers.items()}
    subject = Subject(options.name, keyed=bool(key or headers), secrets=secrets_of(options))
    patience = patience or Patience()
    return LionagiModel(
        subject, make=lambda: _imodel(options, headers, patience), patience=patience
    )


def check() -> None:
    """Load all that asking a model needs. Raises where that can't be."""
    import stamina  # noqa: F401 - what asks again

    for provider in ("openai", "anthropic"):
        _imodel(ModelOptions(name="none", provider=provider), {}, Patience())


def _imodel(options: ModelOptions, headers: dict[str, str], patience: Patience) -> Any:
    """An `iModel` that reads nothing of the folder we are in and tells nobody what it does."""
    from pydantic import SecretStr

    from qe_action.generators.llm import transport

    where = address(options.base_url) if options.base_url else None
    if options.base_url and where is None:
        raise ModelFault("unreachable", "The model's address is no http or https address.")
    more: dict[str, Any] = {}
    if where is not None:
        more = {"base_url": where.base, "allow_local_network": where.loopback}
    if options.provider == "anthropic":
        headers = {"anthropic-version": "2023-06-01"} | headers
    if headers:
        more["default_headers"] = headers
    key = options.key.get_secret_value()
    if not key:
        more["auth_type"] = "none"  # else it sends a key of its own, or one of the environment's
    with _LOADING, _kept_apart():
        from lionagi import iModel

        return iModel(
            provider=options.provider,
            model=options.name,
            # As text, a key that is the name of a variable would be replaced by its value.
            api_key=SecretStr(key or "none"),  # type: ignore[arg-type]
            client_kwargs=transport.client_options(where, max(patience.quiet, patience.first)),
            **more,
        )


@contextmanager
def _kept_apart() -> Iterator[None]:
    """Keep what lionagi does while it is loaded from reaching further.

    It reads `.env` files of the current folder, which may be the checkout of a pull request: they
    could name another key, or break it. The folder is the whole process's, so it is not left for
    another one; the source of settings that reads such files is left out instead. It also writes a
    log of conversations to that folder, and sets up logging for everybody.
    """
    from pydantic_settings import BaseSettings, InitSettingsSource

    def sources(cls: type[BaseSettings], /, settings_cls: Any, **found: Any) -> tuple[Any, ...]:
        fixed = InitSettingsSource(settings_cls, {"LOG_AUTO_SAVE_ON_EXIT": False})
        return fixed, found["init_settings"], found["env_settings"]

    usual = BaseSettings.__dict__["settings_customise_sources"]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    BaseSettings.settings_customise_sources = classmethod(sources)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        BaseSettings.settings_customise_sources = usual  # type: ignore[method-assign]
        root.handlers[:] = handlers
        root.setLevel(level)
        _silence()


def _silence() -> None:
    """Let lionagi, and what it speaks HTTP with, log nothing of what is asked."""
    ours = logging.getLogger("lionagi")
    ours.addHandler(logging.NullHandler())
    ours.propagate = False
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


async def _close(stream: AsyncGenerator[Any, None]) -> None:
    """Close a stream and wait until the connection is closed too.

    lionagi leaves generators within its own to the event loop, which closes them in tasks; a loop
    that ends before they have says so on standard error.
    """
    with suppress(*_THEIRS):
        await stream.aclose()
    for _ in range(10):
        await asyncio.sleep(0)
        tasks = asyncio.all_tasks()
        closing = [task for task in tasks if type(task.get_coro()).__name__ == _CLOSING]
        if not closing:
            return
        await asyncio.wait(closing, timeout=0.5)


_CLOSING = "async_generator_athrow"
"""What a generator's `aclose` gives, which has no public name."""


def ready_model(model: Any, *, patience: Patience | None = None) -> LionagiModel:
    """An `iModel` that the caller made, used as it is."""
    return LionagiModel(Subject(model_name(model)), ready=model, patience=patience)


def model_name(model: Any) -> str:
    """What a ready model is called."""
    name = getattr(model, "model_name", "")
    return name if isinstance(name, str) and name else type(model).__name__


def _request(model: Any, messages: Sequence[Message], *, count: bool) -> dict[str, Any]:
    """What is handed to `iModel.stream`."""
    said: dict[str, Any] = {
        "messages": [{"role": message.role, "content": message.text} for message in messages]
    }
    config = getattr(getattr(model, "endpoint", None), "config", None)
    if count and getattr(config, "provider", "") == "openai":
        said[_COUNT] = {"include_usage": True}
    return said
