"""``python -m kandinsky_studio``."""

import sys

from kandinsky_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
