package resperr

// Hashes and sets.
const (
	NaNOrInfinity  Error = "ERR value is NaN or Infinity"
	FieldsMissing  Error = "ERR Mandatory argument FIELDS is missing or not at the right position"
	FieldsMismatch Error = "ERR The `numfields` parameter must match the number of arguments"
	FieldsPositive Error = "ERR Number of fields must be a positive integer"
	NumFieldsZero  Error = "ERR Parameter `numFields` should be greater than 0"
	ExpireNegative Error = "ERR invalid expire time, must be >= 0"
	NoValuesOption Error = "ERR NOVALUES option can only be used in HSCAN"
	NumKeysMany    Error = "ERR Number of keys can't be greater than number of args"
	LimitNegative  Error = "ERR LIMIT can't be negative"
)
