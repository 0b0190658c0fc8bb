"""Verify one log file with one key file: the whole of `tocsin verify` but its options.

Role in the flow: stage 10 and whoever doubts it. Context: host. Nothing but the standard library and `tocsin`
is imported, so that a doubter has little to read and nothing to install.
"""

import json
from pathlib import Path

from tocsin.errors import ConfigError, TocsinError
from tocsin.log_report import Report
from tocsin.tlog import parse_key_file
from tocsin.verify import verify_log

CLEAN, FOUND, UNUSABLE = 0, 1, 2


def verify_file(log: str, keys: str, as_json: bool = False) -> "tuple[int, str]":
    """(exit code, text to print): 0 clean, 1 with every finding, 2 when a file cannot be used at all."""
    try:
        gateway, k0 = parse_key_file(_read(keys).decode("utf-8"))
        report = verify_log(_read(log), k0, gateway)
    except UnicodeDecodeError:
        return UNUSABLE, _error(f"{keys}: not a verification key file: it is no text", as_json)
    except ConfigError as error:
        return UNUSABLE, _error(f"{keys}: {error}", as_json)
    except TocsinError as error:
        return UNUSABLE, _error(f"{log}: {error}", as_json)
    except OSError as error:
        return UNUSABLE, _error(f"{error.filename}: {error.strerror}", as_json)
    text = _json(log, report) if as_json else _plain(log, report)
    return FOUND if report.findings else CLEAN, text


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _error(message: str, as_json: bool) -> str:
    return json.dumps({"error": message}) if as_json else f"error: {message}"


def _plain(log: str, report: Report) -> str:
    if not report.findings:
        span = f", seq {report.first_seq} to {report.last_seq}" if report.sealed else ""
        return f"{log}: clean: {report.sealed} records of gateway {report.gateway} proven{span}"
    summary = f"{log}: {len(report.findings)} findings; {report.sealed} of {report.entries} entries proven"
    return "\n".join([*report.lines(), summary])


def _json(log: str, report: Report) -> str:
    """`position`: 0 header, 1 first entry, entries + 1 trailer; `seq` null where it is not known."""
    findings = [
        {"position": position, "seq": None if seq < 0 else seq, "kind": kind, "detail": detail}
        for position, seq, kind, detail in report.findings
    ]
    return json.dumps(
        {
            "file": log,
            "gateway": report.gateway,
            "clean": not findings,
            "entries": report.entries,
            "sealed": report.sealed,
            "first_seq": report.first_seq if report.sealed else None,
            "last_seq": report.last_seq if report.sealed else None,
            "findings": findings,
        }
    )
