"""The app as a remote helper sees it: attached by itself, watching until the vehicle is handed over."""
