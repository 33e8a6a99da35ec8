"""How weights come to this computer, are checked, moved and removed. Engine and models find them where they lie."""
