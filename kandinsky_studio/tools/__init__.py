"""How a pointer edits. A tool knows the document, never a widget."""
