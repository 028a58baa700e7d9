"""What all measurements share: the machine, stored rows, tables, intervals."""
