"""A console that runs beside the gateway's tasks: the raw REPL, as mpremote speaks it, or a line at a time.

Role in the flow: service mode only. Context: task; what is typed runs to its end in it. The watchdog goes on, so that
this must take less than 8 s. Source: MicroPython `shared/runtime/pyexec.c`, reference manual "The raw REPL mode".
"""

import gc
import io
import sys

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = 1, 2, 3, 4
_ENTER, _BACKSPACE, _DELETE, _SPACE = 13, 8, 127, 32
_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_ASKS_RAW_PASTE = b"\x05A"
_NO_RAW_PASTE = b"R\x00"
# More than mpremote sends at once, and what the heap has room for.
_CODE_MAX_BYTES = 8192


class Console:
    """Takes keys, writes answers with `write`. `is_over` once somebody called `close_service()`."""

    def __init__(self, write: "Callable[[bytes], None]") -> None:
        self.is_over = False
        self._write = write
        self._typed = bytearray()
        self._is_raw = False
        self._names: "dict[str, Any]" = {}
        self._forget()

    def take(self, data: bytes) -> None:
        """The next bytes from the port, cut anywhere."""
        for key in data:
            if self.is_over:
                return
            if self._is_raw:
                self._raw_key(key)
            else:
                self._key(key)

    def _raw_key(self, key: int) -> None:
        if key == _CTRL_A:
            self._write(_NO_RAW_PASTE if self._typed == _ASKS_RAW_PASTE else b"\r\n" + _RAW_BANNER)
            self._typed = bytearray()
        elif key == _CTRL_B:
            self._is_raw = False
            self._greet()
        elif key == _CTRL_C:
            self._typed = bytearray()
        elif key == _CTRL_D:
            self._run_raw()
        elif len(self._typed) <= _CODE_MAX_BYTES:
            self._typed.append(key)

    def _run_raw(self) -> None:
        typed, self._typed = self._typed, bytearray()
        if not typed:
            # A soft reset would end the gateway; what was defined is forgotten, and that is what is meant.
            self._forget()
            self._write(b"OK\r\nMPY: soft reboot\r\n" + _RAW_BANNER)
            return
        self._write(b"OK")
        error = self._run(typed, "exec")
        self._write(b"\x04" + error + b"\x04>")

    def _key(self, key: int) -> None:
        if key == _CTRL_A:
            self._is_raw = True
            self._typed = bytearray()
            self._write(b"\r\n" + _RAW_BANNER)
        elif key == _ENTER:
            typed, self._typed = self._typed, bytearray()
            self._write(b"\r\n" + (self._run(typed, "single") if typed else b"") + b">>> ")
        elif key in (_CTRL_B, _CTRL_C, _CTRL_D):
            self._typed = bytearray()
            self._greet()
        elif key in (_BACKSPACE, _DELETE):
            if self._typed:
                self._typed = self._typed[:-1]
                self._write(b"\b \b")
        elif key >= _SPACE and len(self._typed) <= _CODE_MAX_BYTES:
            self._typed.append(key)
            self._write(bytes((key,)))

    def _greet(self) -> None:
        self._write(b"\r\nTocsin service mode; close_service() ends it.\r\n>>> ")

    def _run(self, typed: bytearray, kind: str) -> bytes:
        """Run what was typed; what it printed went out at once, the text of its error is returned."""
        said = io.StringIO()
        micropython.kbd_intr(_CTRL_C)
        try:
            if len(typed) > _CODE_MAX_BYTES:
                raise MemoryError("more than %d bytes at once" % _CODE_MAX_BYTES)
            exec(compile(str(typed, "utf-8"), "<stdin>", kind), self._names)  # noqa: S102 - that is what a console does
        except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt and SystemExit too
            sys.print_exception(error, said)  # type: ignore[arg-type]
        finally:
            micropython.kbd_intr(-1)
        return said.getvalue().encode()

    def _forget(self) -> None:
        self._names = {"__name__": "__main__", "close_service": self._close}
        gc.collect()

    def _close(self) -> None:
        self.is_over = True
