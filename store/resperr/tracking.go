package resperr

// Client side caching.
const (
	TrackingTwoRedirects    Error = "ERR A client can only redirect to a single other client"
	TrackingNoClient        Error = "ERR The client ID you want redirect to does not exist"
	TrackingPrefix          Error = "ERR PREFIX option requires BCAST mode to be enabled"
	TrackingSwitchBroadcast Error = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	TrackingOptBroadcast    Error = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	TrackingOptBoth         Error = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	TrackingSwitchOpt       Error = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	CachingOff              Error = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	CachingYes              Error = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	CachingNo               Error = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
)

// TrackingPrefixKnown refuses a prefix that overlaps with one that the client has.
func TrackingPrefixKnown(one, other string) Error {
	return New("Prefix '" + one + "' overlaps with an existing prefix '" + other + "'. Prefixes for a single client must not overlap.")
}

// TrackingPrefixTwice refuses a prefix that overlaps with another one of the same request.
func TrackingPrefixTwice(one, other string) Error {
	return New("Prefix '" + one + "' overlaps with another provided prefix '" + other + "'. Prefixes for a single client must not overlap.")
}
