"""Options and error handling that several commands share.

Role in the flow: the commands of stages 9 to 11. Context: host.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click
from tocsin.errors import TocsinError

from .database import is_url

if TYPE_CHECKING:
    from .site_model import Site

P = ParamSpec("P")
R = TypeVar("R")

# A folder as given, or the URL of a PostgreSQL database, which is no path and must stay as it is.
store_option = click.option(
    "--store",
    default="store",
    show_default=True,
    metavar="DIR|URL",
    help="Folder of the store, or postgresql://user@host/database.",
)
keys_option = click.option(
    "--keys",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the gateways' secrets. [default: keys in the store's folder]",
)

vkey_option = click.option(
    "--vkey", required=True, metavar="KEY", help="Public key of the log: NAME+ID+KEY, or a file with it (log.vkey)."
)


def keys_folder(keys: Path | None, store: str) -> Path:
    """Where the keys lie that belong to a store."""
    if keys is not None:
        return keys
    if is_url(store):
        raise click.ClickException("--keys: with a store in PostgreSQL, say in which folder the keys lie")
    return Path(store) / "keys"


def plain_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Shows our own errors and those of files as one line with exit code 1, not as a traceback."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TocsinError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:  # `| head` has seen enough; click ends quietly
            raise
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'input/output'}: {error.strerror or error}") from error

    return wrapped


def read_site(path: Path) -> "Site":
    """The site description in `path`, with its problems shown one a line. Imports pydantic, so only now."""
    from .site import SiteError, load_site

    try:
        return load_site(path)
    except SiteError as error:
        raise click.ClickException(str(error)) from error
