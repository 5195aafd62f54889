"""Commands for the shop PC itself."""
