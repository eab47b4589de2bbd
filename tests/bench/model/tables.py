"""Tables of text, as wide as they have to be."""


def table(rows: list[list[object]], head: list[str] | None = None, right: str = "") -> str:
    """Rows as lines of equal width; columns whose numbers stand in `right` are set right."""
    texts = [[str(cell) for cell in row] for row in rows]
    if head is not None:
        texts.insert(0, head)
    if not texts:
        return ""
    if len({len(row) for row in texts}) != 1:
        raise ValueError("rows of different lengths")
    widths = [max(len(row[n]) for row in texts) for n in range(len(texts[0]))]
    lines = []
    for row in texts:
        cells = [
            cell.rjust(width) if str(n) in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(" | ".join(cells).rstrip())
    if head is not None:
        lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)
