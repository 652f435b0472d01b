"""``python -m tropism.cli``."""

from tropism.cli import main

if __name__ == "__main__":
    main()
