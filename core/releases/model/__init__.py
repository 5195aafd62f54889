"""What the signed documents of a repository say: index, manifests, components. Pure: no I/O."""
