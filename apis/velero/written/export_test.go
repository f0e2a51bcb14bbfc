package written

// Forget the forms that were read lately.
func Forget() { recents.Clear() }
