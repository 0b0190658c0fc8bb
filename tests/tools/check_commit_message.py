"""Check a commit message's first line: `path: Capital sentence.`, at most 72 characters.

Run by the commit-msg hook with the name of the message's file.
"""

import re
import sys
from pathlib import Path

SUBJECT = re.compile(r"[\w./*, -]+: [A-Z0-9].*\.")
LONGEST = 72


def main(message_file: str) -> int:
    """Exit status 0 when the subject follows the rule."""
    lines = Path(message_file).read_text(encoding="utf-8").splitlines()
    subject = lines[0] if lines else ""
    if SUBJECT.fullmatch(subject) and len(subject) <= LONGEST:
        return 0
    print(f"commit message: {subject!r}: write `path: Capital sentence.` in at most {LONGEST} characters")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
