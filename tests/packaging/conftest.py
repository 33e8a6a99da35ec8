"""What builds the packages are programs, not a package: their folder is where Python looks for their modules."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "packaging"))
