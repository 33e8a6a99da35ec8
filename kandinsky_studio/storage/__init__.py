"""BYTES ON DISK: the library, picture files, preferences; no widgets."""
