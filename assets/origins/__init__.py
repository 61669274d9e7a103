"""Origins: whose model it is, under each coding, and why."""
