#!/usr/bin/env python
"""Django's command line for doplatform."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doplatform.settings")
    if sys.argv[1:2] == ["up"]:
        from doplatform.services import ground  # noqa: PLC0415  (only `up` makes what the settings need)

        ground.prepare(sys.argv[2:])
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415  (settings come first)

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"The settings do not work: {error}")


if __name__ == "__main__":
    main()
