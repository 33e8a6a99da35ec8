"""Controls the panels are built of; they know no service."""
