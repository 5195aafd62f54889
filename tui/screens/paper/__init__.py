"""The places of the paper: first run, ConfigAssist, Log-in, Credit, numbered messages."""
