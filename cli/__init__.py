"""The command line: one file per command, each holding one function of the command's name.

Nothing is imported here but what every process of ours has anyway: ``vigpack up`` watches its parts from this package.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "up": "Run everything on this machine: page, API, worker, queue, database and a folder for the files.",
    "address": "Show the address that opens the page of a running vigpack up.",
    "prepare": "Make a review pack and picture notes from a film on this machine.",
    "audit": "Tell who did what, and whether that record is whole.",
    "demo": "Send a film's moments through the real API, queue and workers and show what that costs.",
    "doctor": "Check every part and say how to put right what is not well.",
    "api": "Serve the API and the page. Anything but loopback needs a token.",
    "worker": "Prepare moments and make packs until stopped.",
    "migrate": "Bring the database's tables up to date.",
    "users": "Invite people, list them, change their roles, close their accounts.",
    "store": "Tell whether the stored files and the database belong together.",
    "erase": "Erase a family: films, clips, stills, packs, agreements, all that is known. Prints a certificate.",
    "subject-access": "Answer a subject access request (DSAR; UK GDPR, Art. 15).",
    "retention": "Tell how long families are kept and what goes; hold one, release it, or carry the policy out now.",
    "governance": "Write the DPIA, data flow, retention schedule and other papers of information governance.",
    "consent": "Tell who of a family agreed to what; write down that somebody agrees, or says no.",
    "copies": "List the copies that were handed out and are not back; or say that one is back.",
    "backup": "Copy database and files into a new folder, sealed.",
    "keys": "Back up the keys apart from the data, put them back, or change the master key.",
    "restore": "Put a backup back where nothing is yet: an empty database and an empty store.",
}
"""The commands and what each does, in the order of the help, which thus needs none of their modules."""


def module_of(command: str) -> str:
    """The module, and its function, in which a command is written."""
    return command.replace("-", "_")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command named in the arguments and end the process.

    Exit codes: 0 done, 1 failed with one plain sentence on stderr, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    from cli.app import build_app

    if arguments is None:  # a process of its own
        os.umask(0o077)  # whatever it writes is of families: for this account alone
        gc.set_threshold(50_000, 20, 50)  # modules stay: looking through them for garbage was a sixth of the start
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build_app()(given, prog_name="vigpack")
    except Exception as error:
        if "--traceback" in given:
            raise
        from cli.screen import print_failure

        print_failure(error, as_json="--json" in given)
        sys.exit(1)
