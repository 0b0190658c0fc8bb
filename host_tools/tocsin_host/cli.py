"""The command line, `tocsin`: the commands and where they live; nothing is imported before it is asked for.

Role in the flow: where a person enters stages 9 to 11. Context: host.
"""

from __future__ import annotations

import importlib

import click

# Name -> (module:attribute, help in one line). The help stands here so that `tocsin --help` imports none of
# them.
_COMMANDS = {
    "demo": ("tocsin_sim.demo_command:demo", "Play a night in a museum on virtual gateways."),
    "sim": ("tocsin_sim.sim_command:sim", "Run scenarios on virtual gateways."),
    "site": ("tocsin_host.site_command:site", "Check a site description."),
    "provision": ("tocsin_host.provision_command:provision", "Make keys, images and labels for a site's gateways."),
    "keys": ("tocsin_host.keys_command:keys", "Look after the folder of keys."),
    "collect": ("tocsin_host.collect_command:collect", "Collect, verify and store what gateways send."),
    "order": ("tocsin_host.order_command:order", "Tell a gateway to do something."),
    "roster": ("tocsin_host.roster_command:roster", "Say who may enter."),
    "revoke": ("tocsin_host.revoke_command:revoke", "Hear a stolen gateway no more."),
    "log": ("tocsin_host.log_command:log", "Show what is stored."),
    "diag": ("tocsin_host.diag_command:diag", "Look into a running gateway."),
    "commission": (
        "tocsin_host.commission_command:commission_command",
        "Check a gateway before it is left alone, and write that down.",
    ),
    "doctor": ("tocsin_host.doctor_command:doctor", "Say what is wrong with a gateway, and how to mend it."),
    "zones": ("tocsin_host.zones_command:zones", "Show how zones stand, and when each was tested."),
    "export": ("tocsin_host.export_command:export", "Write a gateway's sealed log to a file."),
    "verify": ("tocsin_host.verify_command:verify", "Verify a log file."),
    "fsck": ("tocsin_host.fsck_command:fsck", "Check the whole store."),
    "checkpoint": ("tocsin_host.checkpoint_command:checkpoint", "Sign what is stored, so that others can prove it."),
    "firmware": ("tocsin_host.firmware_command:firmware", "Fetch the official MicroPython images."),
    "image": ("tocsin_host.image_command:image", "Make a gateway's image, ready to flash."),
    "flash": ("tocsin_host.flash_command:flash", "Make a board a gateway, and have it prove that it is one."),
    "configure": (
        "tocsin_host.configure_command:configure",
        "Bring a gateway that has a log another configuration.",
    ),
    "service": ("tocsin_host.service_command:service", "Open a gateway's console for a technician."),
    "traceback": ("tocsin_host.traceback_command:traceback", "Read what a board wrote of an error."),
    "update": ("tocsin_host.update_command:update", "Make, sign and send bundles of firmware."),
    "bench": ("tocsin_sim.bench.command:bench", "Measure a part of the product beside its peers."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when called, so that `tocsin verify` needs none of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for an unknown name."""
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, but an unknown name gets the list of known ones."""
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            ctx.fail(f"no command {args[0]!r}; there are: {', '.join(_COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the help that stands above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from tocsin import VERSION

    from .lib_hash import lib_hash

    click.echo(f"tocsin {VERSION} (lib {lib_hash()})")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the hash of the shared library.",
)
def tocsin() -> None:
    """Sensor gateways whose records can be proven."""


def main() -> None:
    """Entry point of the console script."""
    tocsin(prog_name="tocsin")


if __name__ == "__main__":
    main()
