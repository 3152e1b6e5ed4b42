"""The servers without Django: python -m doplatform.demo.servers"""

import sys

from doplatform.demo.servers.world import AlreadyRunning, live


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


try:
    live(_say)
except AlreadyRunning as error:
    sys.exit(str(error))
