// The merge screen.
