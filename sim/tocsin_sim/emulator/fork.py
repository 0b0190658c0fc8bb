"""fork() as a snapshot of a running board: boot once, then run every case in a copy.

Role in the flow: tier T2. Shared: no. Context: host. POSIX only.
A busy second of the chip costs about 20 s of wall time; a fork costs milliseconds.
"""

import os
import pickle
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class ForkedCaseError(AssertionError):
    """A case failed in the copy; the text is the traceback from there."""


def forked(case: Callable[[], _T]) -> _T:
    """Run `case` in a copy of this process and return its result, pickled; nothing it does is seen here.

    Raises ForkedCaseError when it raised.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads exist under a parallel test runner
        child = os.fork()
    if child == 0:
        os.close(reader)
        _run_and_exit(case, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise ForkedCaseError("the copy of the board died without an answer")
    failed, result = pickle.loads(answer)
    if failed:
        raise ForkedCaseError(result)
    return result  # type: ignore[no-any-return]


def _run_and_exit(case: Callable[[], object], writer: int) -> None:
    """In the copy: no exception may leave it, or the test runner would go on twice."""
    try:
        answer = pickle.dumps((False, case()))
    except BaseException:  # noqa: BLE001 - handed to the parent, which raises
        answer = pickle.dumps((True, traceback.format_exc()))
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)
