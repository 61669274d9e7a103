"""The archive: what days, months and repositories showed, one file each, kept for good and made again one by one."""
