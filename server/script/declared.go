package script

// OnlyDeclared tells whether it is certain that the script reaches no keys but those in KEYS.
func (s *Script) OnlyDeclared() bool { return false }
