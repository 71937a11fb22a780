package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"
)

// storeError is a refusal of the store. For the errors of package fs it is what a directory would say.
type storeError struct {
	minio.ErrorResponse
}

func (e storeError) Error() string {
	if e.StatusCode == 0 {
		return e.Code + ": " + e.ErrorResponse.Error()
	}
	return fmt.Sprintf("%s: %s (status %d)", e.Code, e.ErrorResponse.Error(), e.StatusCode)
}

// Is makes errors.Is find fs.ErrNotExist and fs.ErrPermission.
func (e storeError) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Code == minio.NoSuchKey
	case fs.ErrPermission:
		return e.Code == minio.AccessDenied
	}
	return false
}

// failed describes an error: which file, what was being done, and what the store said.
func (b *Bucket) failed(name, doing string, err error) error {
	if err == nil {
		return nil
	}
	if r := (minio.ErrorResponse{}); errors.As(err, &r) && r.Code != "" {
		err = storeError{r}
	}
	return fmt.Errorf("%s: %s: %w", b.Path(name), doing, err)
}

// codeOf returns the S3 error code of a refusal, empty for any other error.
func codeOf(err error) string {
	if e := (storeError{}); errors.As(err, &e) {
		return e.Code
	}
	return minio.ToErrorResponse(err).Code
}

// regionOf returns the region of the bucket if a refusal tells it.
func regionOf(err error) string {
	e := storeError{}
	if !errors.As(err, &e) {
		return ""
	}
	return e.Region
}

// passing tells whether an error may go away by itself.
func passing(err error) bool {
	if r := minio.ToErrorResponse(err); r.Code != "" {
		passingCodes := []string{"RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling",
			"ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "IncompleteBody", "BadDigest"}
		passingStatus := []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
		return slices.Contains(passingCodes, r.Code) || slices.Contains(passingStatus, r.StatusCode)
	}
	// Anything else went wrong on the way. What is wrong with certificates stays so, and a server that does not speak TLS
	// does not learn it.
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	return !errors.As(err, &certificate) && !errors.As(err, &unknown) && !errors.Is(err, http.ErrSchemeMismatch)
}

// do makes a request, in several attempts if the errors may pass, and describes the error that is left. The library does
// not try again itself: it would not for an answer that was cut short, and it would read the body of an upload while the
// attempt before may still be reading it.
func (b *Bucket) do(ctx context.Context, name, doing string, request func() error) error {
	for attempt := 1; ; attempt++ {
		err := request()
		if err == nil {
			return nil
		}
		final := attempt >= b.attempts || ctx.Err() != nil || !passing(err)
		err = b.failed(name, doing, err)
		if final {
			return err
		}
		b.log.Info("a request to S3 failed, trying again", "attempt", attempt, "error", err)
		if b.pause(ctx, attempt) != nil {
			return err
		}
	}
}

// pause waits before the attempt that follows so many others, longer each time, up to 64 units. It returns an error if
// ctx ends first.
func (b *Bucket) pause(ctx context.Context, attempts int) error {
	longest := b.pauseUnit << min(attempts, 6)
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
