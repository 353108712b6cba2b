"""Where cells run: here one after the other, or here side by side."""
