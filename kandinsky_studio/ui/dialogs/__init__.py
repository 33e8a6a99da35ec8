"""Windows that open over the main one and stop nothing."""
