"""Run the test_* functions of one file under MicroPython: `micropython runner.py FILE`.

One line for each function; a failure prints its traceback. Exit status 1 when one failed or there was none.
"""

import sys


def load(path):
    """Import a test file by its path."""
    folder, _, name = path.rpartition("/")
    sys.path.insert(0, folder or ".")
    return __import__(name[: -len(".py")])


def run(name, test):
    """Run one test; whether it passed."""
    try:
        test()
    except Exception as error:  # noqa: BLE001 - a test may fail in any way, and the others still run
        print("FAIL", name)
        sys.print_exception(error, sys.stdout)
        return False
    print("ok", name)
    return True


def main(path):
    """Run every test of a file in the order of their names; exit status."""
    module = load(path)
    names = sorted(name for name in dir(module) if name.startswith("test_"))
    failed = [name for name in names if not run(name, getattr(module, name))]
    print("%d passed, %d failed" % (len(names) - len(failed), len(failed)))
    return 1 if failed or not names else 0


sys.exit(main(sys.argv[1]))
