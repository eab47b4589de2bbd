"""What the worker answers, checked field by field: it comes from the project's process."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Short = Annotated[str, StringConstraints(max_length=200)]
Long = Annotated[str, StringConstraints(max_length=4096)]
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$")]
Module = Annotated[str, StringConstraints(max_length=300, pattern=r"^([^\W\d]\w*(\.\w+)*)?$")]
ArcPair = tuple[int, int]


class WorkerAnswer(BaseModel):
    """A part of an answer; fields that are not known are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TypeTree(WorkerAnswer):
    """A type hint: its kind and what it holds."""

    t: Short = "any"
    of: tuple[TypeTree | Long, ...] = Field(default=(), max_length=60)
    name: Short = ""
    module: Module = ""

    @property
    def inner(self) -> tuple[TypeTree, ...]:
        return tuple(item for item in self.of if isinstance(item, TypeTree))


class Parameter(WorkerAnswer):
    """A parameter; `default` is its source where an expression makes it, else empty."""

    name: Short
    kind: Short
    type: TypeTree = TypeTree()
    hinted: bool = False
    default: Long | None = None


class Signature(WorkerAnswer):
    """What can be called, and how."""

    name: Short
    kind: Short
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=60)
    is_async: bool = Field(default=False, alias="async")
    asyncgen: bool = False
    context: bool = False
    unknown: bool = False
    home: Module = ""
    """The public package to import it from, where its own module is private."""


class ClassInfo(Signature):
    """A class: its constructor's signature, and its public members."""

    module: Module = ""
    abstract: bool = False
    bases: tuple[Short, ...] = ()
    enum: tuple[Short, ...] = ()
    members: tuple[Signature, ...] = Field(default=(), max_length=2000)


class Constants(WorkerAnswer):
    """Literals (name, source) and patterns (name, pattern, flags) of a module's globals."""

    literals: tuple[tuple[Short, Long], ...] = ()
    patterns: tuple[tuple[Short, Long, int], ...] = ()


class Expression(WorkerAnswer):
    """An expression that makes a value."""

    text: Long
    names: dict[Name, Module] = Field(default_factory=dict)
    exact: bool = True


class RaisedError(WorkerAnswer):
    """An exception; `explicit` where a `raise` of the project's own code made it."""

    type: Short
    module: Module
    public: Module
    message: Long = ""
    line: int = 0
    explicit: bool = False


class CallResult(WorkerAnswer):
    """What came of one case."""

    n: int
    outcome: Short
    good: bool = False
    arcs: tuple[ArcPair, ...] = ()
    raised: RaisedError | None = None
    iterator: Short | None = None
    ended: bool = True
    state: dict[Short, Expression] = Field(default_factory=dict)
    same: tuple[Short, ...] = ()
    value: Expression | None = None
    type: Short = ""
    module: Module = ""
    repr: Long = ""
    fields: dict[Short, Expression] = Field(default_factory=dict)
    changed: tuple[Short, ...] = ()
    files: dict[Short, Long] = Field(default_factory=dict)
    printed: Annotated[str, StringConstraints(max_length=5000)] | None = ""
    act_printed: Annotated[str, StringConstraints(max_length=5000)] = ""


class Kills(WorkerAnswer):
    """The cases that kill a mutant."""

    id: Short
    cases: tuple[int, ...] = ()


class RecordedCall(WorkerAnswer):
    """A call that the project's tests made."""

    qualname: Short
    receiver: Expression | None = None
    args: tuple[Expression, ...] = Field(default=(), max_length=30)
    kwargs: dict[Name, Expression] = Field(default_factory=dict)


def fields_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without the protocol's own keys."""
    return {key: item for key, item in answer.items() if key not in ("op", "event", "done")}
