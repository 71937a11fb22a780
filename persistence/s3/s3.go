package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"dragonfly/persistence"
)

const (
	// Scheme is how the address of a bucket begins.
	Scheme = "s3://"

	awsEndpoint = "s3.amazonaws.com"

	defaultAttempts = 10
	defaultStaleAge = 24 * time.Hour
	// defaultPauseUnit makes the pauses between ten attempts ten seconds together, about.
	defaultPauseUnit = 30 * time.Millisecond

	// inFlight is how many parts are uploaded at the same time, for all files of a Bucket.
	inFlight = 16
	// answerTimeout is how long the store may think before it begins to answer; it copies objects meanwhile.
	answerTimeout = 3 * time.Minute
)

// Options say how to reach an object store.
type Options struct {
	// Endpoint is "host", "host:port", or either behind "http://" or "https://". Empty is Amazon S3.
	Endpoint string
	// UseHTTPS says how to reach an Endpoint that does not.
	UseHTTPS bool
	// EC2Metadata allows to ask the metadata service of an EC2 machine for credentials.
	EC2Metadata bool
	// SignPayload makes the signature of an upload cover its content. Otherwise only a checksum does.
	SignPayload bool
	// Region of the bucket. If empty, AWS_REGION or AWS_DEFAULT_REGION, else the store is asked.
	Region string
	// Attempts is how often a request is tried that fails for a reason that may pass, 0 means 10.
	Attempts int
	// StaleAge is the age from which an upload that nobody completed is given up, 0 means a day.
	StaleAge time.Duration
	// Log tells what was tried again and what was cleaned up. It may be nil.
	Log *slog.Logger
}

// Bucket is a place of snapshots: the objects of a bucket directly below a prefix. Its methods may be called at the
// same time.
type Bucket struct {
	name   string
	prefix string // empty, or ends in "/"

	core        *minio.Core
	transport   *http.Transport
	signPayload bool
	attempts    int
	staleAge    time.Duration
	log         *slog.Logger

	pauseUnit time.Duration // what a pause between attempts is made of

	uploading chan struct{} // has an element for each part in flight
	chunks    sync.Pool     // of *chunk

	// partBytes is minPartBytes, outside of tests.
	partBytes int64
	// copyLimit is the largest object that is copied by one request, copyPart what one copies of a larger one.
	copyLimit, copyPart int64
}

var _ persistence.Storage = (*Bucket)(nil)

// New connects to the bucket of an address s3://bucket/prefix, and looks into it, so that a bucket that does not exist
// or may not be read is an error here.
func New(ctx context.Context, address string, o Options) (*Bucket, error) {
	b, err := open(address, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if err := b.connect(ctx, o); err != nil {
		if b.transport != nil {
			b.Close()
		}
		return nil, err
	}
	return b, nil
}

// connect finds credentials and the region, and looks into the bucket.
func (b *Bucket) connect(ctx context.Context, o Options) (err error) {
	endpoint, secure := splitEndpoint(o)
	if b.transport, err = minio.DefaultTransport(secure); err != nil {
		return b.failed("", "preparing connections", err)
	}
	b.transport.ResponseHeaderTimeout = answerTimeout
	creds := credentials.New(newCredentials(o.EC2Metadata))
	if _, err := creds.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: b.transport}, Context: ctx}); err != nil {
		return b.failed("", "connecting", err)
	}
	region := firstOf(o.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	look := func() error {
		b.core, err = minio.NewCore(endpoint, &minio.Options{
			Creds: creds, Secure: secure, Transport: b.transport, Region: region, MaxRetries: 1,
		})
		if err != nil {
			return b.failed("", fmt.Sprintf("connecting to the endpoint %q", endpoint), err)
		}
		// The addresses of both IP versions are other names, which private networks may not know.
		b.core.SetS3EnableDualstack(os.Getenv("AWS_USE_DUALSTACK_ENDPOINT") == "true")
		return b.look(ctx)
	}
	err = look()
	// The region of a machine need not be that of its bucket; the refusal says which it is.
	if found := regionOf(err); found != "" && found != region {
		b.log.Info("the bucket is in another region", "bucket", b.name, "region", found, "configured", region)
		region = found
		err = look()
	}
	return err
}

// open checks an address and returns its Bucket, not connected.
func open(address string, o Options) (*Bucket, error) {
	rest, ok := strings.CutPrefix(address, Scheme)
	name, prefix, _ := strings.Cut(rest, "/")
	if !ok || name == "" {
		return nil, errors.New("an address of the form s3://bucket/prefix is needed")
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	b := &Bucket{
		name: name, prefix: prefix, signPayload: o.SignPayload, attempts: o.Attempts, staleAge: o.StaleAge, log: o.Log,
		pauseUnit: defaultPauseUnit,
		uploading: make(chan struct{}, inFlight),
		chunks:    sync.Pool{New: func() any { return new(chunk) }},
		partBytes: minPartBytes, copyLimit: 5 << 30, copyPart: 1 << 30,
	}
	if b.attempts == 0 {
		b.attempts = defaultAttempts
	}
	if b.staleAge == 0 {
		b.staleAge = defaultStaleAge
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	return b, nil
}

// splitEndpoint returns the host, with port if it has one, of the endpoint and whether it is reached by TLS.
func splitEndpoint(o Options) (host string, secure bool) {
	host, secure = strings.TrimRight(o.Endpoint, "/"), o.UseHTTPS
	if rest, ok := strings.CutPrefix(host, "https://"); ok {
		return rest, true
	}
	if rest, ok := strings.CutPrefix(host, "http://"); ok {
		return rest, false
	}
	return firstOf(host, awsEndpoint), secure
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// Close closes idle connections. No file may be open.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// Path returns the address of a file.
func (b *Bucket) Path(name string) string {
	return Scheme + b.name + "/" + b.prefix + name
}

// Free returns -1: nobody knows how much a bucket can take.
func (b *Bucket) Free() (int64, error) {
	return -1, nil
}

func (b *Bucket) key(name string) string {
	return b.prefix + name
}
