"""readme.py ROOT [--write]: every C++ block of README.md is, word for word, a part of a program in examples/.

A block is preceded by `<!-- examples/FILE -->` for a whole file, or `<!-- examples/FILE: NAME -->` for
what stands there between the lines `// [NAME]` and `// [end]`. The programs are compiled and run by the
tests, so what README shows works. What stands between `<!-- tests/spec/exceptions -->` and `<!-- end -->`
is that table, row by row. --write puts the programs' text and the table into README.md.
"""

import os
import re
import sys
import textwrap

root = sys.argv[1]
BLOCK = re.compile(r"(?:<!-- (\S+?)(?:: (\w+))? -->\n)?```(\w*)\n(.*?)```\n", re.S)

TABLE_FILE = "tests/spec/exceptions"
TABLE = re.compile(rf"<!-- {TABLE_FILE} -->\n(.*?)<!-- end -->\n", re.S)


def table():
    """The rows of the table of exceptions, in Markdown."""
    lines = ["| file | test | why | proof |", "|---|---|---|---|"]
    with open(os.path.join(root, TABLE_FILE), encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line and not line.startswith("#"):
                cells = [cell.strip() for cell in line.split(" | ", 3)]
                if cells[1] == "*":
                    cells[1] = "all"
                lines.append("| " + " | ".join(cells) + " |")
    return "".join(line + "\n" for line in lines)


def part(path, name):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    if name is None:
        return text
    found = re.search(rf"^ *// \[{name}\]\n(.*?)^ *// \[end\]$", text, re.S | re.M)
    return textwrap.dedent(found.group(1)) if found else None


def fresh(block):
    path, name, _, _ = block.groups()
    if not path:
        return block.group(0)
    before = block.group(0)[: block.start(4) - block.start(0)]
    return before + part(path, name) + "```\n"


passed = failed = 0
with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
    readme = file.read()
if "--write" in sys.argv:
    readme = BLOCK.sub(fresh, readme)
    readme = TABLE.sub(lambda old: f"<!-- {TABLE_FILE} -->\n{table()}<!-- end -->\n", readme)
    with open(os.path.join(root, "README.md"), "w", encoding="utf-8") as file:
        file.write(readme)
for path, name, language, code in BLOCK.findall(readme):
    if language not in ("cpp", "c++"):
        continue
    title = f"{path or 'a block'}{': ' + name if name else ''}"
    problem = None
    if not path:
        problem = "names no program:\n" + code
    elif part(path, name or None) != code:
        problem = "differs from the program"
    passed, failed = passed + (problem is None), failed + (problem is not None)
    print(f"ok {title}" if problem is None else f"not ok {title}: {problem}")
tables = TABLE.findall(readme)
problem = "is not shown once" if len(tables) != 1 else "differs" if tables[0] != table() else None
passed, failed = passed + (problem is None), failed + (problem is not None)
print(f"ok {TABLE_FILE}" if problem is None else f"not ok {TABLE_FILE}: {problem}")
if passed + failed == 0:
    failed = 1
    print("not ok README.md shows no C++ at all")
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
