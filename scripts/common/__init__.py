"""What commands share: options, tables, progress, and the files of a run. The commands themselves do not belong here."""
