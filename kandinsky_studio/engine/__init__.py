"""HOW PICTURES ARE MADE: torch, diffusers, transformers; no Qt, no document. Arrays in, arrays out."""
