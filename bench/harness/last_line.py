"""unittest with the last line that the project's own test programs end with."""

import sys
import unittest


def main():
    result = unittest.main(module="__main__", exit=False).result
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed != 0)
