"""Passbay in the browser: what the screens know of the door and its visitors, in which words, and the questions."""
