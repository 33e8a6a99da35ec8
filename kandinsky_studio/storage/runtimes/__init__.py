"""Runtime packs on the disk: read from files, installed whole or not at all, fetched, removed."""
