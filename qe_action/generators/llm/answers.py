"""A model's answer as candidates: taken as it is, to be judged by the gates, or left out. Pure.

Where a test goes is not the model's to say: a path in its answer is never used, and an item that is
meant for another place than the tests is left out.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from qe_action.generators.llm.asks import Ask
from qe_action.generators.llm.needed_imports import needed_imports
from qe_action.generators.llm.raw_line_ends import with_escapes
from qe_action.generators.port import Candidate
from qe_action.generators.split_tests import SplitTest, split_tests

LONGEST = 20_000
"""Characters of the code of one item."""
TESTS = 12
"""Tests that are taken out of one item."""
IMPORTS = 30

Left = Literal[
    "no code", "too long", "no test", "repeated", "the source itself", "another place", "a secret"
]
"""Why an item of an answer is left out."""
_PLACES = ("path", "file", "file_path", "filename", "filepath")
_TEST_FILE = re.compile(r"(?:[\w-][\w.-]*/)*(?:test_[\w-]*|[\w-]*_test|conftest)\.py")
_NAME = re.compile(r"(?:test\w*|Test\w*)", re.ASCII)


class Answers:
    """Makes candidates of items, each test once; `left` counts the items that are left out.

    `taken` are names that no test may have: those of the file that tests are added to. `source` is
    the target's, which is imported as `module`. `never` are texts that no test may hold: what a
    server was sent may come back.
    """

    def __init__(
        self,
        target: str,
        source: ast.Module,
        module: str,
        taken: Iterable[str],
        never: Sequence[str] = (),
    ) -> None:
        self._target, self._source, self._module = target, source, module
        self._never = tuple(never)
        self._own = {ast.dump(node) for node in source.body if isinstance(node, _DEFINED)}
        self._taken = set(taken)
        self._seen: set[str] = set()
        self.left: Counter[Left] = Counter()

    def candidates(self, item: Mapping[str, Any] | str, ask: Ask) -> list[Candidate]:
        """The tests of an object, or of a source; `[]` where it has none that can be tried."""
        fields = {"code": item} if isinstance(item, str) else item
        why, tests = self._tests(fields)
        if why is not None:
            self.left[why] += 1
            return []
        found = [self._candidate(test, fields, ask) for test in tests]
        fresh = [each for each in found if self._is_new(each)]
        self.left["repeated"] += len(found) - len(fresh)
        return fresh

    def _tests(self, fields: Mapping[str, Any]) -> tuple[Left | None, list[SplitTest]]:
        code = fields.get("code")
        if not isinstance(code, str) or not code.strip():
            return "no code", []
        if (why := self._unfit(fields, code)) is not None:
            return why, []
        code = _parsable(code)
        try:
            tree = ast.parse(code)
            if any(ast.dump(node) in self._own for node in tree.body):
                return "the source itself", []
            found = split_tests(code)[:TESTS]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            name = fields.get("name")  # a gate says what is wrong with it
            known = isinstance(name, str) and _NAME.fullmatch(name)
            return None, [SplitTest(str(name)[:100] if known else "test_unreadable", code, ())]
        return ("no test" if not found else None), found

    def _unfit(self, fields: Mapping[str, Any], code: str) -> Left | None:
        """Why an item is left out before its code is read."""
        if len(code) > LONGEST:
            return "too long"
        told = (code, str(fields.get("name")), str(fields.get("imports")))
        if any(text in part for text in self._never for part in told):
            return "a secret"
        places = [fields[key] for key in _PLACES if isinstance(fields.get(key), str)]
        return None if all(map(_TEST_FILE.fullmatch, places)) else "another place"

    def _candidate(self, test: SplitTest, fields: Mapping[str, Any], ask: Ask) -> Candidate:
        name = self._free(test.name)
        code = _alone(test.code if name == test.name else _renamed(test, name), name)
        aims = _claimed(fields.get("lines"), ask)
        imports = [*_imports(fields.get("imports")), *test.imports]
        imports += needed_imports(code, imports, self._source, self._module)
        return Candidate(
            id=hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()[:12],
            name=name,
            code=code.strip("\n") + "\n",
            imports=tuple(dict.fromkeys(imports)),
            target=self._target,
            qualname=ask.qualname,
            aim_lines=aims,
            aim_arcs=frozenset(arc for arc in ask.arcs if abs(arc[0]) in aims or not aims),
            generator="llm",
        )

    def _free(self, wanted: str) -> str:
        number, name = 1, wanted
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _is_new(self, candidate: Candidate) -> bool:
        """Whether nothing was offered that does the same under any name."""
        text = "\n".join((*sorted(candidate.imports), candidate.code))
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            text = ast.dump(ast.parse(text.replace(candidate.name, "test")))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if digest in self._seen:
            return False
        self._seen.add(digest)
        return True


_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _parsable(code: str) -> str:
    """The code, with its line ends in literals as escapes where it is Python by that."""
    for form in (code, with_escapes(code)):
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            ast.parse(form)
            return form
    return code


def _renamed(test: SplitTest, name: str) -> str:
    word = rf"((?:^|\n)(?:async +def|def|class) +){re.escape(test.name)}\b"
    return re.sub(word, rf"\g<1>{name}", test.code)


def _alone(code: str, name: str) -> str:
    """The code of a test that was written as a method, and has no use for `self`."""
    if len(re.findall(r"\bself\b", code)) != 1:
        return code
    return re.sub(rf"((?:^|\n)(?:async +)?def +{re.escape(name)}\()self(?:, *)?", r"\g<1>", code)


def _imports(given: object) -> list[str]:
    """The import statements of an object, one a line; what is something else is left out."""
    lines = [given] if isinstance(given, str) else given
    found: list[str] = []
    for line in lines[:IMPORTS] if isinstance(lines, list) else ():
        try:
            body = ast.parse(line.strip()).body if isinstance(line, str) else []
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        found += [
            ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
    return found[:IMPORTS]


def _claimed(given: object, ask: Ask) -> frozenset[int]:
    """The missed lines that an object says it reaches; all of the ask's where it names none."""
    lines = given if isinstance(given, list) else []
    claimed = {line for line in lines if isinstance(line, int)}
    everything = ask.lines | {abs(arc[0]) for arc in ask.arcs}
    return frozenset(everything & claimed) or everything
