"""Embeddings of noise for the tests of what is done with embeddings."""

import numpy as np

DIMENSIONS = 1280


def some(count: int, seed: int = 0, dimensions: int = DIMENSIONS) -> list[np.ndarray]:
    """Embeddings of several lengths, as CLIP's are."""
    random = np.random.default_rng(seed)
    return [(random.uniform(0.5, 3) * random.standard_normal(dimensions)).astype(np.float32) for _ in range(count)]
