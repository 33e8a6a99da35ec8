"""WHAT IS SEEN: QtWidgets. Reaches models, weights and disk only through app."""
