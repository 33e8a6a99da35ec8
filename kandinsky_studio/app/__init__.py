"""WHAT THE STUDIO DOES: services, jobs and the worker thread; QtCore and QtGui, no widgets."""
