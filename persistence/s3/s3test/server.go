package s3test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// MinPartBytes is S3's smallest part of a multipart upload, except for the last.
const MinPartBytes = 5 << 20

// Server is a running server. Its exported fields are read only.
type Server struct {
	URL       string // where it listens: http://127.0.0.1:port
	Bucket    string
	Region    string
	AccessKey string
	SecretKey string

	http   *httptest.Server
	closed chan struct{} // is closed when the server is

	mu       sync.Mutex
	objects  map[string]object  // by key. Guarded by mu.
	uploads  map[string]*upload // multipart uploads in progress, by id. Guarded by mu.
	pageSize int                // the most entries of a page of a listing. Guarded by mu.
	minPart  int                // the smallest part that is not the last. Guarded by mu.
	stall    time.Duration      // how long Stall is. Guarded by mu.
	requests int                // how many there were. Guarded by mu.
	faults   map[int]Fault      // by the number of the request. Guarded by mu.
	log      []string           // method and address of each request. Guarded by mu.
}

// object is an object of the bucket. Its data is never changed.
type object struct {
	data     []byte
	etag     string
	modified time.Time
	meta     map[string]string // Content-Type and X-Amz-Meta-…, by canonical names
}

// upload is a multipart upload in progress.
type upload struct {
	key     string
	started time.Time
	meta    map[string]string
	parts   map[int]part
}

type part struct {
	data     []byte
	sum      []byte // MD5
	modified time.Time
}

// Fault is what goes wrong with a request.
type Fault int

const (
	// InternalError is the answer 500, which asks to try again. The request is not carried out.
	InternalError Fault = iota + 1
	// SlowDown is the answer 503, which asks to try again later. The request is not carried out.
	SlowDown
	// Forbidden is the answer 403. The request is not carried out.
	Forbidden
	// CloseBefore loses the connection before the request is carried out.
	CloseBefore
	// CloseAfter loses the connection after the request was carried out: the client cannot tell it from CloseBefore.
	CloseAfter
	// Truncate loses the connection in the middle of the answer.
	Truncate
	// Stall carries the request out after a while.
	Stall
)

func (f Fault) String() string {
	return [...]string{"none", "internal error", "slow down", "forbidden", "close before", "close after", "truncate", "stall"}[f]
}

// New starts a server for a test, which ends it.
func New(t testing.TB, bucket string) *Server {
	t.Helper()
	s, err := Start("127.0.0.1:0", bucket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server on an address. Close ends it.
func Start(address, bucket string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Bucket: bucket, Region: "eu-test-1", AccessKey: "AK" + randomHex(8), SecretKey: randomHex(20),
		objects: map[string]object{}, uploads: map[string]*upload{}, faults: map[int]Fault{},
		closed: make(chan struct{}), pageSize: 1000, minPart: MinPartBytes, stall: 100 * time.Millisecond,
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.http.Start()
	s.URL = s.http.URL
	return s, nil
}

// Close ends the server and all its connections. It is called once.
func (s *Server) Close() {
	close(s.closed)
	s.http.CloseClientConnections()
	s.http.Close()
}

// Env returns the environment variables with which a client may use the server, as "name=value".
func (s *Server) Env() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey, "AWS_SESSION_TOKEN=", "AWS_REGION=" + s.Region}
}

// Setenv gives the test the environment of Env.
func (s *Server) Setenv(t testing.TB) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretKey)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", s.Region)
}

// Objects returns the keys of all objects, sorted.
func (s *Server) Objects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Object returns the data of an object, nil if there is none. It must not be changed.
func (s *Server) Object(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key].data
}

// Put makes an object, as another client would.
func (s *Server) Put(key string, data []byte) {
	s.put(key, object{data: bytes.Clone(data), etag: quotedSum(data)})
}

// Delete removes an object.
func (s *Server) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
}

// SetModified changes when an object was modified.
func (s *Server) SetModified(key string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.objects[key]; ok {
		o.modified = at
		s.objects[key] = o
	}
}

// Uploads returns the keys of the multipart uploads in progress, sorted.
func (s *Server) Uploads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, u := range s.uploads {
		keys = append(keys, u.key)
	}
	slices.Sort(keys)
	return keys
}

// SetPageSize sets the most entries of a page of a listing, at first 1000.
func (s *Server) SetPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

// SetMinPart sets the smallest part that is not the last, at first MinPartBytes: for tests that are quicker with less.
func (s *Server) SetMinPart(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minPart = n
}

// SetStall sets how long the fault Stall is.
func (s *Server) SetStall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stall = d
}

// FailNext makes times requests fail, from the n-th that comes: the next one is the first.
func (s *Server) FailNext(n, times int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range times {
		s.faults[s.requests+n+i] = f
	}
}

// Heal forgets the faults that did not happen yet, and returns how many there were.
func (s *Server) Heal() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for at := range s.faults {
		if at > s.requests {
			n++
		}
	}
	clear(s.faults)
	return n
}

// Requests returns how many requests there were.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Log returns the method and address of each request, in order.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// put makes an object visible, now.
func (s *Server) put(key string, o object) {
	o.modified = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = o
}

// ServeHTTP answers a request, or lets it fail.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault, stall := s.faults[s.requests], s.stall
	s.log = append(s.log, r.Method+" "+r.URL.String())
	s.mu.Unlock()

	switch fault {
	case InternalError:
		writeError(w, r, &failure{http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."})
		return
	case SlowDown:
		writeError(w, r, &failure{http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."})
		return
	case Forbidden:
		writeError(w, r, &failure{http.StatusForbidden, "AccessDenied", "Access Denied"})
		return
	case CloseBefore:
		panic(http.ErrAbortHandler)
	case CloseAfter:
		s.serve(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Truncate:
		answer := httptest.NewRecorder()
		s.serve(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", fmt.Sprint(max(answer.Body.Len(), 1)))
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Stall:
		select {
		case <-time.After(stall):
		case <-s.closed:
			panic(http.ErrAbortHandler)
		}
	}
	s.serve(w, r)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
