"""Command families of the releases: releases, addons, rds, tuf-client."""
