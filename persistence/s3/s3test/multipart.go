package s3test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxParts = 10_000

func (s *Server) initiate(w http.ResponseWriter, key string, meta map[string]string) error {
	id := randomHex(16)
	s.mu.Lock()
	s.uploads[id] = &upload{key: key, started: time.Now(), meta: meta, parts: map[int]part{}}
	s.mu.Unlock()
	writeXML(w, initiateAnswer{Bucket: s.Bucket, Key: key, UploadID: id})
	return nil
}

// addPart makes data a part of an upload, in place of the part that had its number.
func (s *Server) addPart(query url.Values, key, id string, data []byte) (etag string, err error) {
	number, err := strconv.Atoi(query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return "", invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
	}
	sum := md5.Sum(data)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	if u == nil || u.key != key {
		return "", noSuchUpload()
	}
	u.parts[number] = part{data: data, sum: sum[:], modified: time.Now()}
	return quotedSum(data), nil
}

func (s *Server) putPart(w http.ResponseWriter, query url.Values, key, id string, body []byte) error {
	etag, err := s.addPart(query, key, id, body)
	if err == nil {
		w.Header().Set("ETag", etag)
	}
	return err
}

func (s *Server) copyPart(w http.ResponseWriter, r *http.Request, key, id string) error {
	o, err := s.source(r)
	if err != nil {
		return err
	}
	etag, err := s.addPart(r.URL.Query(), key, id, o.data)
	if err == nil {
		writeXML(w, copyPartAnswer{ETag: etag, LastModified: timestamp(time.Now())})
	}
	return err
}

// complete makes an object of the parts that the client names, and forgets the upload.
func (s *Server) complete(w http.ResponseWriter, key, id string, body []byte) error {
	var request completeRequest
	if err := xml.Unmarshal(body, &request); err != nil || len(request.Parts) == 0 {
		return &failure{http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	if u == nil || u.key != key {
		return noSuchUpload()
	}
	for i, asked := range request.Parts[1:] {
		if asked.PartNumber <= request.Parts[i].PartNumber {
			return &failure{http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order."}
		}
	}
	var data, sums []byte
	for i, asked := range request.Parts {
		p, ok := u.parts[asked.PartNumber]
		switch {
		case !ok || strings.Trim(asked.ETag, `"`) != hex.EncodeToString(p.sum):
			return &failure{http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found."}
		case i < len(request.Parts)-1 && len(p.data) < s.minPart:
			return &failure{http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"}
		}
		data, sums = append(data, p.data...), append(sums, p.sum...)
	}
	sum := md5.Sum(sums)
	etag := `"` + hex.EncodeToString(sum[:]) + "-" + strconv.Itoa(len(request.Parts)) + `"`
	s.objects[key] = object{data: data, etag: etag, modified: time.Now(), meta: u.meta}
	delete(s.uploads, id)
	writeXML(w, completeAnswer{Location: s.URL + "/" + s.Bucket + "/" + key, Bucket: s.Bucket, Key: key, ETag: etag})
	return nil
}

func (s *Server) abort(w http.ResponseWriter, key, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.uploads[id]; u == nil || u.key != key {
		return noSuchUpload()
	}
	delete(s.uploads, id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) listParts(w http.ResponseWriter, query url.Values, key, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	if u == nil || u.key != key {
		return noSuchUpload()
	}
	limit, err := s.limit(query.Get("max-parts"))
	if err != nil {
		return err
	}
	marker, _ := strconv.Atoi(query.Get("part-number-marker"))
	answer := partsAnswer{Bucket: s.Bucket, Key: key, UploadID: id}
	for _, number := range slices.Sorted(maps.Keys(u.parts)) {
		if number <= marker {
			continue
		}
		if len(answer.Parts) == limit {
			answer.IsTruncated, answer.NextPartNumberMarker = true, answer.Parts[limit-1].PartNumber
			break
		}
		p := u.parts[number]
		answer.Parts = append(answer.Parts, partEntry{PartNumber: number, LastModified: timestamp(p.modified),
			ETag: `"` + hex.EncodeToString(p.sum) + `"`, Size: len(p.data)})
	}
	writeXML(w, answer)
	return nil
}

// listUploads lists the uploads in progress, by key and then by id.
func (s *Server) listUploads(w http.ResponseWriter, query url.Values) error {
	encodingType, encode := encoder(query)
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, err := s.limit(query.Get("max-uploads"))
	if err != nil {
		return err
	}
	compare := func(a, b string) int {
		return cmp.Or(cmp.Compare(s.uploads[a].key, s.uploads[b].key), cmp.Compare(a, b))
	}
	keyMarker, idMarker := query.Get("key-marker"), query.Get("upload-id-marker")
	answer := uploadsAnswer{Bucket: s.Bucket, Prefix: encode(query.Get("prefix")), EncodingType: encodingType, MaxUploads: limit}
	last := ""
	for _, id := range slices.SortedFunc(maps.Keys(s.uploads), compare) {
		u := s.uploads[id]
		if !strings.HasPrefix(u.key, query.Get("prefix")) || u.key < keyMarker || u.key == keyMarker && (idMarker == "" || id <= idMarker) {
			continue
		}
		if len(answer.Uploads) == limit {
			answer.IsTruncated = true
			answer.NextKeyMarker, answer.NextUploadIDMarker = encode(s.uploads[last].key), last
			break
		}
		last = id
		answer.Uploads = append(answer.Uploads, uploadEntry{Key: encode(u.key), UploadID: id, Initiated: timestamp(u.started)})
	}
	writeXML(w, answer)
	return nil
}
