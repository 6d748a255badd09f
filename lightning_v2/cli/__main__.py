"""`python -m lightning_v2.cli`: the command `lightning-v2`."""

import sys

from lightning_v2.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
