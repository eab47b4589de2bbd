"""Variables whose names say that they hold a secret: what a workflow hands its tests by `env`.

The runner hides such values in its log, but tells no step which they are; what a test says goes to
the pull request, where nothing hides them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST = 8
"""Characters of a value that is taken for a secret: shorter ones are words of any text."""
_NAMES = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(API|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH)"
    r"_?KEY|(^|_)(PAT|DSN|PWD|PASS)$",
    re.IGNORECASE,
)
_OTHERS = frozenset({"PWD", "OLDPWD", "GITHUB_TOKEN_PERMISSIONS"})


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of these variables, the longest first."""
    found = {
        value.strip()
        for name, value in environment.items()
        if _NAMES.search(name) and name not in _OTHERS and len(value.strip()) >= SHORTEST
    }
    return tuple(sorted(found, key=lambda value: (-len(value), value)))
