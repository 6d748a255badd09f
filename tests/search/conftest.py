"""Workers are processes of their own: they find the measurements of tests by this path."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
