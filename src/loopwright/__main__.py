"""`python -m loopwright` is the same as `loopwright`."""

from loopwright.cli import main

if __name__ == "__main__":
    main()
