"""How the atlas runs: definitions, settings, storage, jobs, schedules and the command line."""
