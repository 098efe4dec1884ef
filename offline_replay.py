"""The seed's `offline_replay.py`: the same code as `loopwright replay`."""

from loopwright.cli.replay import offline_replay

if __name__ == "__main__":
    offline_replay()
