package s3test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"time"
)

// failure is a refusal, as S3 spells it.
type failure struct {
	status        int
	code, message string
}

var _ error = (*failure)(nil)

func (f *failure) Error() string { return f.code + ": " + f.message }

func noSuchKey() *failure {
	return &failure{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
}

func noSuchUpload() *failure {
	return &failure{http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist. " +
		"The upload ID might be invalid, or the multipart upload might have been aborted or completed."}
}

func invalidArgument(message string) *failure {
	return &failure{http.StatusBadRequest, "InvalidArgument", message}
}

type errorAnswer struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
	Region    string `xml:",omitempty"`
}

type locationAnswer struct {
	XMLName xml.Name `xml:"LocationConstraint"`
	Region  string   `xml:",chardata"`
}

type listAnswer struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	MaxKeys               int
	KeyCount              int
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listEntry
	CommonPrefixes        []commonPrefix
}

type listEntry struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
	StorageClass string
}

type commonPrefix struct {
	Prefix string
}

type uploadsAnswer struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	Bucket             string
	Prefix             string
	EncodingType       string `xml:",omitempty"`
	MaxUploads         int
	IsTruncated        bool
	NextKeyMarker      string        `xml:",omitempty"`
	NextUploadIDMarker string        `xml:"NextUploadIdMarker,omitempty"`
	Uploads            []uploadEntry `xml:"Upload"`
}

type uploadEntry struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated string
}

type initiateAnswer struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

type partsAnswer struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	IsTruncated          bool
	NextPartNumberMarker int
	Parts                []partEntry `xml:"Part"`
}

type partEntry struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int
}

// completeRequest is what a client sends to complete a multipart upload.
type completeRequest struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
	} `xml:"Part"`
}

type completeAnswer struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

type copyAnswer struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	ETag         string
	LastModified string
}

type copyPartAnswer struct {
	XMLName      xml.Name `xml:"CopyPartResult"`
	ETag         string
	LastModified string
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func writeXML(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	w.Write([]byte(xml.Header))
	xml.NewEncoder(w).Encode(v)
}

func writeError(w http.ResponseWriter, r *http.Request, f *failure) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if r.Method != http.MethodHead {
		w.Write([]byte(xml.Header))
		xml.NewEncoder(w).Encode(errorAnswer{Code: f.code, Message: f.message, Resource: r.URL.Path,
			RequestID: randomHex(8), Region: w.Header().Get("X-Amz-Bucket-Region")})
	}
}

// encoder returns how keys are spelled in a listing: a client may ask for them to be escaped, since XML knows fewer
// characters than a key may have.
func encoder(query url.Values) (encodingType string, encode func(string) string) {
	if query.Get("encoding-type") == "url" {
		return "url", url.QueryEscape
	}
	return "", func(key string) string { return key }
}
