"""`tocsin site check`: what it prints and how it exits."""

import json
from pathlib import Path

from click.testing import CliRunner
from tocsin_host.site_command import site as site_group

MUSEUM = Path(__file__).resolve().parents[2] / "sim" / "sites" / "museum.toml"


def test_check_command_is_silent_about_nothing_and_counts():
    result = CliRunner().invoke(site_group, ["check", str(MUSEUM)])
    assert (result.exit_code, result.output) == (0, f"{MUSEUM}: right: 2 gateways, 13 zones\n")


def test_check_command_prints_problems_as_json(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(MUSEUM.read_text("utf-8").replace("number = 2", "number = 0", 1))
    result = CliRunner().invoke(site_group, ["check", "--json", str(path)])
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "file": str(path),
        "problems": [
            {
                "file": str(path),
                "line": 17,
                "where": "gateway gallery, zone 0, number",
                "what": "0 is not allowed",
                "mend": "it must be greater than or equal to 1",
            }
        ],
    }


def test_check_command_tells_an_unreadable_file_by_status_2(tmp_path):
    assert CliRunner().invoke(site_group, ["check", str(tmp_path / "none.toml")]).exit_code == 2
