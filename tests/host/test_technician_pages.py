"""The pages a technician works by name commands, options, types and pages that are there; their site is right."""

import re
from pathlib import Path

import click
import pytest
from tocsin.event_names import TYPE_NAMES
from tocsin_host.cli import tocsin
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("install.md", "checklists.md", "threat-model.md", "recovery.md", "commission.md")
COMMAND = re.compile(r"(?:^|`| )tocsin ((?:[a-z-]+ ?)[^`\n|#]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")


def anchors(path):
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def misspelt(line):
    """What of a command line `tocsin` does not know; "" when it is right."""
    command, words = tocsin, line.split()
    context = click.Context(tocsin)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.get_command(context, words.pop(0))
    if command is None:
        return line
    known = {option for parameter in command.params for option in parameter.opts}
    return " ".join(word for word in words if word.startswith("-") and word not in known)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one_that_tocsin_has(page):
    text = (DOCS / page).read_text("utf-8")
    found = COMMAND.findall(text)
    assert len(found) >= 2
    assert [line for line in found if misspelt(line)] == []


def test_a_misspelt_command_or_option_is_seen():
    assert misspelt("flush gallery")
    assert misspelt("doctor gallery --daze 7") == "--daze"
    assert misspelt("service key gallery -o technician.key") == ""


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for name, anchor in LINK.findall((DOCS / page).read_text("utf-8")):
        if name.startswith("http"):
            continue
        target = DOCS / (name or page)
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_every_record_type_asked_for_is_one(page):
    asked = re.findall(r"--type ([a-z-]+)", (DOCS / page).read_text("utf-8"))
    assert set(asked) <= set(TYPE_NAMES)


def test_the_site_of_the_drawing_is_right_and_its_pins_are_drawn(tmp_path):
    path = tmp_path / "museum.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", (DOCS / "install.md").read_text("utf-8"), re.DOTALL)[1])
    config = compile_gateway(load_site(path), "gallery", lib_hash())
    drawn = {int(pin) for pin in re.findall(r"GP(\d+)", (DOCS / "wiring/gateway.svg").read_text("utf-8"))}
    pins = {entry["pin"] for entry in [*config["zones"], *config["outputs"]] if "pin" in entry}
    pins |= {26 + entry["adc"] for entry in config["zones"] if "adc" in entry}
    assert drawn == pins | {22, 4, 5, 7}, "one-wire, I2C and the counter are named by their sensors"
