"""`passbay serve`: the back end for others, on uvicorn, with several worker processes."""
