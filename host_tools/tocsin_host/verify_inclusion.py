"""Verify one log file against a checkpoint, with the log's public key alone: `tocsin verify --checkpoint`.

Role in the flow: stage 10 and whoever doubts it. Context: host. No secret is needed, and no store.
"""

import json
from pathlib import Path

from tocsin.errors import TocsinError

from .inclusion import InclusionReport, parse_inclusion, verify_inclusion
from .log_key import read_verify_key
from .verify_file import CLEAN, FOUND, UNUSABLE


def verify_inclusion_file(log: str, proof: str, vkey: str, as_json: bool = False) -> "tuple[int, str]":
    """(exit code, text to print), as verify_file() has them."""
    try:
        key = read_verify_key(vkey)
        report = verify_inclusion(Path(log).read_bytes(), parse_inclusion(Path(proof).read_text("utf-8")), key)
    except UnicodeDecodeError:
        return UNUSABLE, _error(f"{proof}: not an inclusion proof: it is no text", as_json)
    except TocsinError as error:
        return UNUSABLE, _error(f"{log} with {proof}: {error}", as_json)
    except OSError as error:
        return UNUSABLE, _error(f"{error.filename}: {error.strerror}", as_json)
    return FOUND if report.findings else CLEAN, _json(log, report) if as_json else _plain(log, report)


def _error(message: str, as_json: bool) -> str:
    return json.dumps({"error": message}) if as_json else f"error: {message}"


def _plain(log: str, report: InclusionReport) -> str:
    of = f"the log {report.checkpoint.origin} of {report.checkpoint.size} records"
    if report.findings:
        return "\n".join([*report.findings, f"{log}: {len(report.findings)} findings against {of}"])
    return f"{log}: included: {report.records} records of gateway {report.gateway} are in {of}"


def _json(log: str, report: InclusionReport) -> str:
    return json.dumps(
        {
            "file": log,
            "gateway": report.gateway,
            "included": not report.findings,
            "records": report.records,
            "origin": report.checkpoint.origin,
            "size": report.checkpoint.size,
            "root": report.checkpoint.root.hex(),
            "findings": report.findings,
        }
    )
