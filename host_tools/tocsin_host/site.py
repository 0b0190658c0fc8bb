"""Read and check a site description; every problem names its line and its mend.

Role in the flow: before stage 1. Context: host. Reference for the user: docs/site.md.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from .site_errors import explain
from .site_lines import LineIndex
from .site_model import Site
from .site_rules import broken_rules


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `line` is 0 when the file could not be read at all."""

    file: str
    line: int
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.where}: {self.what}; {self.mend}"


class SiteError(ValueError):
    """A site description that cannot be used; `problems` tells why, one line each in str()."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_site(path: Path) -> Site:
    """The site that a file describes. Raises: SiteError with every problem."""
    site, problems = _read(path)
    if site is None or problems:
        raise SiteError(problems)
    return site


def check(path: Path) -> list[Problem]:
    """Everything that is wrong with a site description; empty when it can be used."""
    return _read(path)[1]


def _read(path: Path) -> tuple[Site | None, list[Problem]]:
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        mend = "name a site description that can be read"
        return None, [Problem(file, 0, "file", error.strerror or str(error), mend)]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [Problem(file, line, "file", "not UTF-8 text", "save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax_problem(file, text, str(error))]
    except RecursionError:
        return None, [Problem(file, 1, "file", "nested too deeply to read", "write it as in docs/site.md")]
    return _validated(file, text, document)


def _validated(file: str, text: str, document: dict[str, object]) -> tuple[Site | None, list[Problem]]:
    lines = LineIndex(text)
    try:
        site = Site.model_validate(document)
    except ValidationError as error:
        found = [explain(document, dict(item)) for item in error.errors()]
        problems = [Problem(file, lines.line_of(path), *told) for path, *told in found]
        return None, sorted(problems, key=lambda problem: problem.line)
    problems = [Problem(file, lines.line_of(path), *told) for path, *told in broken_rules(site)]
    return site, sorted(problems, key=lambda problem: problem.line)


def _syntax_problem(file: str, text: str, message: str) -> Problem:
    """tomllib gives the place in its message only."""
    found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message)
    if found is None:
        what = message.removesuffix(" (at end of document)")
        line = text.rstrip().count("\n") + 1
        return Problem(file, line, "end of file", what, "complete the last entry")
    what, line, column = found[1], int(found[2]), found[3]
    return Problem(file, line, f"column {column}", what, "correct the TOML there")
