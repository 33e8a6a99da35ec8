"""What is edited: layers of pixels, masks, selections, and how they became what they are."""
