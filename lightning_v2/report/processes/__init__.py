"""One notebook in a process of its own: forked, watched, ended."""
