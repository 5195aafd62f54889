"""Who is who: organisations, users, rights, log-in, tokens. Works on connections of the store; knows no HTTP."""
