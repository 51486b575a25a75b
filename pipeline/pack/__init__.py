"""A pack: moments and the player that shows them offline, as a folder and as a ZIP. Several kinds are packs."""
