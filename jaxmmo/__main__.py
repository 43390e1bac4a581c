"""`python -m jaxmmo` is the command `jaxmmo`."""

import sys

from jaxmmo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
