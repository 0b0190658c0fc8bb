"""The question that the screen of `tocsin diag` asks before anything is done to a gateway.

Role in the flow: stages 1 to 8 seen by a technician. Context: host.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class Question(ModalScreen[bool]):
    """True for yes; anything but `y` and Enter is no."""

    CSS = """
    Question { align: center middle; background: $background 60%; }
    #question { width: 68; height: auto; padding: 1 2; border: round $warning; background: $surface; }
    #answers { margin-top: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The parts of the question."""
        with Vertical(id="question") as box:
            box.border_title = self._title
            yield Static(self._text, markup=False)
            yield Static("y  yes        n  no", id="answers")

    def action_answer(self, answer: bool) -> None:
        """Give it to whoever asked."""
        self.dismiss(answer)
