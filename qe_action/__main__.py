"""`python -m qe_action`."""

import sys

from qe_action.cli import main

sys.exit(main())
