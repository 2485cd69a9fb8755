"""The parts that commands share: options, tables, progress, the run and its files. No command."""
