"""`python -m qe_action`."""

import sys

from qe_action.entry import main

sys.exit(main())
