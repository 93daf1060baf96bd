"""Refusals of the domain as the command line's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from promises.kernel.errors import DomainError, Refused
from promises.kernel.text import render

LOCALE = "en"


@contextmanager
def told() -> Iterator[None]:
    """Inside, a DomainError ends the command with its text and code 1, and nothing was changed."""
    try:
        yield
    except Refused as refusal:
        problems = [f"{one.field}: {render(LOCALE, one.text)}" for one in refusal.problems]
        raise click.ClickException("\n".join(problems) or render(LOCALE, refusal.text)) from None
    except DomainError as refusal:
        raise click.ClickException(render(LOCALE, refusal.text)) from None
