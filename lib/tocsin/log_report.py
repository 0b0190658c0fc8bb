"""What a verifier of log files hands out: findings with their place, and the figures of the file.

Role in the flow: stage 10 and whoever doubts it. Shared: yes. Context: host.
Sources: docs/record.md, "Verifying a log".
"""


class Report:
    """What a verifier found out.

    `findings`: (position, seq or -1, kind, detail), rising by position: 0 is the header, 1 the first entry,
    entries + 1 the trailer. `entries`: entries in the file; `sealed`: records proven; `first_seq`,
    `last_seq`: of these, -1 for none.
    """

    def __init__(self) -> None:
        self.findings: list[tuple[int, int, str, str]] = []
        self.gateway = ""
        self.entries = 0
        self.sealed = 0
        self.first_seq = -1
        self.last_seq = -1

    def add(self, position: int, seq: int, kind: str, detail: str) -> None:
        """Note one finding."""
        self.findings.append((position, seq, kind, detail))

    def lines(self) -> "list[str]":
        """One line a finding: "record 17 (seq 16): forged: ..."."""
        return [
            self._place(position, seq) + ": " + kind + ": " + detail for position, seq, kind, detail in self.findings
        ]

    def _place(self, position: int, seq: int) -> str:
        if position == 0:
            return "header"
        if position > self.entries:
            return "trailer"
        if seq < 0:
            return "record %d" % position
        return "record %d (seq %d)" % (position, seq)
