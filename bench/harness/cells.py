"""Numbers and tables, as every part of the report writes them."""


def number(value):
    """Three figures that matter, and no more."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 0.005 or value <= -0.005 else "0"


def table(headings, rows):
    """A Markdown table: the first column is words, the others are numbers."""
    return ["| " + " | ".join(headings) + " |", "|---" + "|---:" * (len(headings) - 1) + "|",
            *["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]]


def with_quartiles(spread):
    return f"{number(spread['median'])} [{number(spread['q1'])}–{number(spread['q3'])}]"
