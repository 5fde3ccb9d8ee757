package stdio

// HasTerminal is of no use: there is no SIGHUP.
func HasTerminal() bool { return false }
