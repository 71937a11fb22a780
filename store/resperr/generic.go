package resperr

// Commands on keys of any type.
const (
	Int32Range Error = "ERR value is out of range, value must between -2147483648 and 2147483647"
	SortScores Error = "ERR One or more scores can't be converted into double"
)
