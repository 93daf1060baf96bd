"""`make reset`: forgets everything that this checkout's own database holds, after asking."""

import os
import shutil
import sys
from pathlib import Path

from config import ConfigError, load_config
from promises.db.embedded import EmbeddedServer, ServerBusy


def main(arguments: list[str]) -> int:
    try:
        config = load_config()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    if not config.embedded:
        print("DATABASE_URL is set: a server of your own is not reset from here.", file=sys.stderr)
        return 1
    if "--yes" not in arguments and not _agreed(config.postgres_dir):
        print("Nothing was changed.")
        return 1
    try:
        forget(EmbeddedServer(config.postgres_dir), config.data_dir / "secret.key")
    except ServerBusy as busy:
        print(f"{busy} Stop it first (Ctrl-C where `make run` runs).", file=sys.stderr)
        return 1
    print("Everything was forgotten. `make run` begins anew.")
    return 0


def _agreed(postgres_dir: Path) -> bool:
    print(f"This deletes every organisation, ticket and payment in {postgres_dir}.")
    try:
        return input('Type "yes" to go on: ').strip().lower() == "yes"
    except EOFError:
        return False


def forget(server: EmbeddedServer, secret_key: Path) -> None:
    """Remove the cluster and the key that its rows are sealed with. Raises ServerBusy."""
    with server.reserved():
        for path in (server.data_dir, server.socket_folder):
            shutil.rmtree(path, ignore_errors=True)
        for file in (server.log_path, secret_key):
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main(sys.argv[1:]))
