"""readme.py ROOT [--write]: every C++ block of README.md is, word for word, a part of a program in examples/.

A block is preceded by `<!-- examples/FILE -->` for a whole file, or `<!-- examples/FILE: NAME -->` for
what stands there between the lines `// [NAME]` and `// [end]`. The programs are compiled and run by the
tests, so what README shows works. --write puts the programs' text into README.md.
"""

import os
import re
import sys
import textwrap

root = sys.argv[1]
BLOCK = re.compile(r"(?:<!-- (\S+?)(?:: (\w+))? -->\n)?```(\w*)\n(.*?)```\n", re.S)


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
if passed + failed == 0:
    failed = 1
    print("not ok README.md shows no C++ at all")
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
