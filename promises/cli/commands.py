"""The commands that app.py registers for `flask …`, besides those of worker and simulation."""

import click

from promises.cli.customers import customer_group
from promises.cli.doctor import doctor_command
from promises.cli.explain import explain_command
from promises.cli.imports import import_command
from promises.cli.initialise import init_command
from promises.cli.links import demo_links_command
from promises.cli.people import member_group, organisation_group
from promises.cli.reconcile import reconcile_command
from promises.cli.replay import replay_command
from promises.cli.rotation import rotate_keys_command
from promises.cli.terms import terms_group

ALL: tuple[click.Command, ...] = (
    init_command,
    organisation_group,
    member_group,
    customer_group,
    import_command,
    explain_command,
    terms_group,
    reconcile_command,
    rotate_keys_command,
    replay_command,
    doctor_command,
    demo_links_command,
)
