"""Kandinsky Studio: a desktop program for illustrators who work with the Kandinsky 2 image models."""

__version__ = "0.1.0"
