"""``python -m gan_helpers`` runs the command line, which is in ``gan_helpers.cli``."""

import sys

from gan_helpers.cli import main

if __name__ == "__main__":
    sys.exit(main())
