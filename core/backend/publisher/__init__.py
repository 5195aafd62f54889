"""Publishes releases and AddOns as a TUF repository of static files: any web server or folder can serve it."""
