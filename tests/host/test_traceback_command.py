"""`tocsin traceback` gives what a board wrote the names of the sources."""

from click.testing import CliRunner
from tocsin_host import device_modules
from tocsin_host.cli import tocsin


def test_functions_have_their_names_again() -> None:
    word = device_modules.words()["_look_at_trial"]
    said = f'Traceback (most recent call last):\n  File "tocsin_fw.app", line 1, in {word}\nOSError: 5\n'
    result = CliRunner().invoke(tocsin, ["traceback"], input=said)
    assert result.exit_code == 0, result.output
    assert result.output == said.replace(word, "_look_at_trial")
