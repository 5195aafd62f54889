"""Command families of the releases: releases, addons, rds, tuf-client, and the publisher's part of admin."""
