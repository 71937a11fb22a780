package s3test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serve carries a request out.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	sig, refused := s.authenticate(r)
	if refused != nil {
		if refused.code == "AuthorizationHeaderMalformed" {
			w.Header().Set("X-Amz-Bucket-Region", s.Region)
		}
		writeError(w, r, refused)
		return
	}
	body, refused := readBody(r, sig)
	if refused != nil {
		writeError(w, r, refused)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != s.Bucket {
		writeError(w, r, &failure{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"})
		return
	}
	err := s.bucketRequest(w, r)
	if key != "" {
		err = s.objectRequest(w, r, key, body)
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		writeError(w, r, f)
	}
}

// bucketRequest answers what is asked of the bucket; it does nothing for a request about an object.
func (s *Server) bucketRequest(w http.ResponseWriter, r *http.Request) error {
	if strings.Trim(r.URL.Path, "/") != s.Bucket {
		return nil
	}
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodHead:
		w.Header().Set("X-Amz-Bucket-Region", s.Region)
		return nil
	case r.Method == http.MethodGet && query.Has("location"):
		writeXML(w, locationAnswer{Region: s.Region})
		return nil
	case r.Method == http.MethodGet && query.Has("uploads"):
		return s.listUploads(w, query)
	case r.Method == http.MethodGet && query.Get("list-type") == "2":
		return s.list(w, query)
	}
	return unsupported()
}

func unsupported() *failure {
	return &failure{http.StatusNotImplemented, "NotImplemented", "A header or request this server does not know."}
}

// objectRequest answers what is asked of an object or of a multipart upload.
func (s *Server) objectRequest(w http.ResponseWriter, r *http.Request, key string, body []byte) error {
	query := r.URL.Query()
	switch id := query.Get("uploadId"); {
	case r.Method == http.MethodPost && query.Has("uploads"):
		return s.initiate(w, key, metadata(r))
	case r.Method == http.MethodPut && id != "" && r.Header.Get("X-Amz-Copy-Source") != "":
		return s.copyPart(w, r, key, id)
	case r.Method == http.MethodPut && id != "":
		return s.putPart(w, query, key, id, body)
	case r.Method == http.MethodPost && id != "":
		return s.complete(w, key, id, body)
	case r.Method == http.MethodDelete && id != "":
		return s.abort(w, key, id)
	case r.Method == http.MethodGet && id != "":
		return s.listParts(w, query, key, id)

	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return s.copy(w, r, key)
	case r.Method == http.MethodPut:
		o := object{data: body, etag: quotedSum(body), meta: metadata(r)}
		s.put(key, o)
		w.Header().Set("ETag", o.etag)
		return nil
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return s.get(w, r, key)
	case r.Method == http.MethodDelete: // also of what is not there
		s.Delete(key)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return unsupported()
}

// metadata returns the headers that are kept with an object.
func metadata(r *http.Request) map[string]string {
	meta := map[string]string{}
	for name, values := range r.Header {
		if name == "Content-Type" || strings.HasPrefix(name, "X-Amz-Meta-") {
			meta[name] = strings.Join(values, ",")
		}
	}
	return meta
}

func quotedSum(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) error {
	s.mu.Lock()
	o, ok := s.objects[key]
	s.mu.Unlock()
	if !ok {
		return noSuchKey()
	}
	if match := r.Header.Get("If-Match"); match != "" && match != o.etag {
		return &failure{http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}
	}
	start, end, ranged, err := byteRange(r.Header.Get("Range"), len(o.data))
	if err != nil {
		return err
	}
	h := w.Header()
	for name, value := range o.meta {
		h.Set(name, value)
	}
	h.Set("ETag", o.etag)
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(end-start))
	if ranged {
		h.Set("Content-Range", "bytes "+strconv.Itoa(start)+"-"+strconv.Itoa(end-1)+"/"+strconv.Itoa(len(o.data)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodGet {
		w.Write(o.data[start:end])
	}
	return nil
}

// byteRange understands "bytes=first-last" and "bytes=first-".
func byteRange(header string, size int) (start, end int, ranged bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return 0, size, false, nil
	}
	first, last, _ := strings.Cut(spec, "-")
	start, err = strconv.Atoi(first)
	end = size
	if last != "" && err == nil {
		end, err = strconv.Atoi(last)
		end = min(end+1, size)
	}
	if err != nil || start >= size || start >= end {
		return 0, 0, false, &failure{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable"}
	}
	return start, end, true, nil
}

// source returns the object that a request is to copy, as far as it is asked for.
func (s *Server) source(r *http.Request) (o object, err error) {
	path, err := url.PathUnescape(r.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return o, invalidArgument("x-amz-copy-source")
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	s.mu.Lock()
	o, ok := s.objects[key]
	s.mu.Unlock()
	if !ok || bucket != s.Bucket {
		return o, noSuchKey()
	}
	start, end, _, err := byteRange(r.Header.Get("X-Amz-Copy-Source-Range"), len(o.data))
	if err == nil {
		o.data = o.data[start:end]
	}
	return o, err
}

func (s *Server) copy(w http.ResponseWriter, r *http.Request, key string) error {
	o, err := s.source(r)
	if err != nil {
		return err
	}
	s.put(key, o)
	writeXML(w, copyAnswer{ETag: o.etag, LastModified: timestamp(time.Now())})
	return nil
}

// list answers the second version of the listing. Its continuation token is the last key or common prefix of a page.
func (s *Server) list(w http.ResponseWriter, query url.Values) error {
	encodingType, encode := encoder(query)
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, err := s.limit(query.Get("max-keys"))
	if err != nil {
		return err
	}
	answer := listAnswer{Name: s.Bucket, Prefix: encode(prefix), Delimiter: encode(delimiter), MaxKeys: limit, EncodingType: encodingType}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		entry, isPrefix := key, false
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			entry, isPrefix = key[:len(prefix)+i+len(delimiter)], true
		}
		if entry <= after || isPrefix && entry == last {
			continue
		}
		if answer.KeyCount == limit {
			answer.IsTruncated, answer.NextContinuationToken = true, last
			break
		}
		answer.KeyCount++
		last = entry
		if isPrefix {
			answer.CommonPrefixes = append(answer.CommonPrefixes, commonPrefix{encode(entry)})
			continue
		}
		o := s.objects[key]
		answer.Contents = append(answer.Contents, listEntry{Key: encode(key), LastModified: timestamp(o.modified),
			ETag: o.etag, Size: len(o.data), StorageClass: "STANDARD"})
	}
	writeXML(w, answer)
	return nil
}

// limit returns how many entries a page has if a client asks for so many. s.mu is held.
func (s *Server) limit(asked string) (int, error) {
	if asked == "" {
		return s.pageSize, nil
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 0 {
		return 0, invalidArgument("the number of entries of a page")
	}
	return min(n, s.pageSize), nil
}
