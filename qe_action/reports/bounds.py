"""How much of a report is held at once, whoever wrote it.

Together they keep any report of 200 MB within 250 MB of memory. No real file comes near them;
what lies beyond is left out and said (`reports.defects`), never dropped in silence.
"""

from __future__ import annotations

MAX_LINE = 10_000_000
"""No source file has more lines; a greater number is a defect of the report."""
MAX_STATEMENTS = 1_000_000
"""Statements of one file."""
MAX_EXACT = 100_000
"""Lines of a file whose hits are kept as they are; of those beyond, more than `FEW` are `FEW`."""
FEW = 256
"""No count tells more of a line than that it ran; Python holds numbers up to this one for free."""
MAX_ROOM = 80 << 20
"""Bytes, about, that lines, ways and functions of one section of LCOV take together."""
MAX_HELD = 1_300_000
"""What a parser of XML holds of one file in all, as `FileLines.size` counts it."""
MAX_BRANCHES = 100_000
"""Branches of one line."""
MAX_FUNCTIONS = 50_000
"""Functions of one file, and methods of one package of JaCoCo's."""
MAX_NAMED = 100
"""Branches not taken that are named a line; the counts hold all."""
MAX_WEIGHT = 250_000
"""Names of branches, ways out of lines and tests that are held of one file."""
MAX_FILE_NAME = 255
"""Characters of a source file's bare name, as file systems allow them."""
MAX_SOURCES = 1000
"""Source roots of one report."""
