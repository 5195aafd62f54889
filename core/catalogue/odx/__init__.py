"""The compiler: odxtools' objects to the compiled file. Runs in the child process only; nothing else imports it."""
