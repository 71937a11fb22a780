package resperr

// Sorted sets and positions.
const (
	ZaddXXWithNX    Error = "ERR XX and NX options at the same time are not compatible"
	ZaddGTLTNX      Error = "ERR GT, LT, and/or NX options at the same time are not compatible"
	ZaddIncrSingle  Error = "ERR INCR option supports a single increment-element pair"
	ZrangeLimit     Error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	ZrangeLexScores Error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
	WeightNotFloat  Error = "ERR weight value is not a float"

	GeoUnit          Error = "ERR unsupported unit provided. please use M, KM, FT, MI"
	GeoRadius        Error = "ERR need numeric radius"
	GeoRadiusSign    Error = "ERR radius cannot be negative"
	GeoWidth         Error = "ERR need numeric width"
	GeoHeight        Error = "ERR need numeric height"
	GeoBoxSign       Error = "ERR height or width cannot be negative"
	GeoMember        Error = "ERR could not decode requested zset member"
	GeoCount         Error = "ERR COUNT must be > 0"
	GeoAny           Error = "ERR the ANY argument requires COUNT argument"
	GeoStoreOptions  Error = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
	GeoSearchOptions Error = "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
)

// NoInputKeys refuses a number of keys below one; cmd is the lower-case command name.
func NoInputKeys(cmd string) Error {
	return Error("ERR at least 1 input key is needed for '" + cmd + "' command")
}

// GeoNoCenter refuses a search without a centre; cmd is the command name as the client spelled it.
func GeoNoCenter(cmd string) Error {
	return Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + cmd)
}

// GeoNoShape refuses a search without a shape; cmd is the command name as the client spelled it.
func GeoNoShape(cmd string) Error {
	return Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + cmd)
}

// GeoPosition refuses coordinates outside of the projection; both are texts with six decimals.
func GeoPosition(longitude, latitude string) Error {
	return Error("ERR invalid longitude,latitude pair " + longitude + "," + latitude)
}
