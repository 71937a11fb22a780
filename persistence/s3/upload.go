package s3

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"dragonfly/persistence"
)

const (
	// minPartBytes is the size of the parts of a file: the least that S3 takes of a part that is not the last.
	minPartBytes = 5 << 20
	// uniformParts is how many have this size.
	uniformParts = 7000
	// growth says that later ones have this fraction of what is before them.
	growth = 400
	// maxParts is S3's limit, and so is maxPartBytes.
	maxParts     = 10_000
	maxPartBytes = 5 << 30

	// abortTimeout bounds the attempts to give an upload up.
	abortTimeout = 10 * time.Second

	// tokenName is the name under which objects carry the token of their upload.
	tokenName = "Dragonfly-Upload"
)

// partSize returns how many bytes the part of a number has that so many bytes precede.
func (b *Bucket) partSize(number int, before int64) int64 {
	if number <= uniformParts {
		return b.partBytes
	}
	return min(max(b.partBytes, before/growth), maxPartBytes)
}

// upload is a file that is being written.
type upload struct {
	b     *Bucket
	name  string
	id    string // of the multipart upload
	token string // of the object, see tokenName

	ctx    context.Context // ends with that of Create, when a part fails, and when all parts are there
	cancel context.CancelCauseFunc
	parts  sync.WaitGroup // in flight

	// Used by the one goroutine that writes.
	head   pieces // part 1
	tail   pieces // the part that is being filled
	number int    // its number
	before int64  // bytes in the parts before it
	closed bool   // nothing is written any more

	mu    sync.Mutex
	etags []string // by part number minus 1. Guarded by mu.
	state state    // Guarded by mu.
}

// state is how far an upload is.
type state int

const (
	writing   state = iota
	finished        // all parts are there
	decided         // a commit has begun that only Recover may end
	completed       // the object is there
	aborted
)

// Create starts a file.
func (b *Bucket) Create(ctx context.Context, name string) (persistence.Pending, error) {
	if name == "" || strings.Contains(name, "/") {
		return nil, b.failed(name, "creating", errors.New("not the name of a file"))
	}
	u := &upload{b: b, name: name, token: newToken(), number: 2, before: b.partBytes}
	u.head.pool, u.tail.pool = &b.chunks, &b.chunks
	err := b.do(ctx, name, "starting the upload", func() (err error) {
		u.id, err = b.initiate(ctx, name, u.token)
		return err
	})
	if err != nil {
		return nil, err
	}
	u.ctx, u.cancel = context.WithCancelCause(ctx)
	return u, nil
}

func newToken() string {
	random := make([]byte, 16)
	rand.Read(random)
	return hex.EncodeToString(random)
}

// initiate starts a multipart upload and returns its id.
func (b *Bucket) initiate(ctx context.Context, name, token string) (id string, err error) {
	id, err = b.core.NewMultipartUpload(ctx, b.name, b.key(name), minio.PutObjectOptions{
		UserMetadata: map[string]string{tokenName: token},
	})
	if err == nil && id == "" {
		err = errors.New("the answer has no upload id")
	}
	return id, err
}

// Name returns the name under which the file will appear.
func (u *upload) Name() string { return u.name }

var errClosed = errors.New("the file is finished or was given up")

// Write adds bytes at the end. It waits if too many parts are in flight.
func (u *upload) Write(p []byte) (int, error) {
	if u.closed {
		return 0, u.b.failed(u.name, "writing", errClosed)
	}
	written := 0
	for len(p) > 0 {
		if err := context.Cause(u.ctx); err != nil {
			return written, err
		}
		target, limit := &u.head, u.b.partBytes
		if u.head.size == limit {
			target, limit = &u.tail, u.b.partSize(u.number, u.before)
		}
		if target == &u.tail && u.tail.size == limit {
			if err := u.flush(); err != nil {
				return written, err
			}
			continue
		}
		n := int(min(int64(len(p)), limit-target.size))
		target.append(p[:n])
		written += n
		p = p[n:]
	}
	return written, nil
}

// WriteAt overwrites bytes within the first persistence.HeadBytes that were written before.
func (u *upload) WriteAt(p []byte, off int64) (int, error) {
	if limit := min(persistence.HeadBytes, u.head.size); u.closed || off < 0 || off > limit || int64(len(p)) > limit-off {
		return 0, u.b.failed(u.name, "overwriting", fmt.Errorf("%d bytes at %d cannot be changed (any more)", len(p), off))
	}
	u.head.overwrite(p, int(off))
	return len(p), nil
}

// flush begins to upload the tail and makes room for the next one.
func (u *upload) flush() error {
	if u.number > maxParts {
		err := u.b.failed(u.name, "writing", fmt.Errorf("more than %d bytes: too large for an object", u.before))
		u.cancel(err)
		return err
	}
	part := u.tail
	if err := u.start(u.number, part); err != nil {
		return err
	}
	u.before += part.size
	u.number++
	u.tail = pieces{pool: part.pool}
	return nil
}

// start begins to upload a part, when there is room for one more in flight. The part frees its memory when it is done.
func (u *upload) start(number int, part pieces) error {
	select {
	case u.b.uploading <- struct{}{}:
	case <-u.ctx.Done():
		return context.Cause(u.ctx)
	}
	u.parts.Go(func() {
		defer func() { <-u.b.uploading }()
		defer part.free()
		etag, err := u.send(number, &part)
		if err != nil {
			u.cancel(err)
			return
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		for len(u.etags) < number {
			u.etags = append(u.etags, "")
		}
		u.etags[number-1] = etag
	})
	return nil
}

// send uploads a part, in several attempts if need be.
func (u *upload) send(number int, part *pieces) (etag string, err error) {
	doing := fmt.Sprintf("uploading part %d (%d bytes)", number, part.size)
	options := minio.PutObjectPartOptions{DisableContentSha256: true}
	options.Md5Base64, options.Sha256Hex = part.checksums(u.b.signPayload)
	err = u.b.do(u.ctx, u.name, doing, func() error {
		r := part.reader()
		defer r.stop()
		p, err := u.b.core.PutObjectPart(u.ctx, u.b.name, u.b.key(u.name), u.id, number, r, part.size, options)
		if etag = p.ETag; etag == "" && err == nil {
			err = errors.New("the answer has no ETag")
		}
		return err
	})
	return etag, err
}

// Finish uploads what is left. Nothing is visible yet.
func (u *upload) Finish() error {
	if u.closed {
		return u.b.failed(u.name, "finishing", errClosed)
	}
	u.closed = true
	var err error
	if u.tail.size > 0 {
		err = u.flush()
	}
	if err == nil {
		err = u.start(1, u.head)
	}
	if err == nil {
		u.head = pieces{} // its memory is the part's
	}
	err = cmp.Or(err, u.settle())
	if err == nil {
		u.become(finished)
	}
	return err
}

// settle waits for the parts in flight, frees the memory, and returns what went wrong.
func (u *upload) settle() error {
	u.parts.Wait()
	err := context.Cause(u.ctx)
	u.cancel(nil)
	u.head.free()
	u.tail.free()
	return err
}

// Abort gives the file up, finished or not. It does nothing if the file was committed, or if its commit began and
// Recover is to end it.
func (u *upload) Abort() error {
	u.mu.Lock()
	before := u.state
	if before == writing || before == finished {
		u.state = aborted
	}
	u.mu.Unlock()
	switch before {
	case writing:
		u.closed = true
		u.cancel(u.b.failed(u.name, "writing", errClosed))
		u.settle() // a part that arrives after the end would be kept, and paid for
	case finished:
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), abortTimeout)
	defer cancel()
	return u.b.abort(ctx, u.name, u.id)
}

func (u *upload) become(s state) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.state = s
}

// abort ends a multipart upload. It is no error if there is none.
func (b *Bucket) abort(ctx context.Context, name, id string) error {
	err := b.do(ctx, name, "aborting the upload", func() error {
		return b.core.AbortMultipartUpload(ctx, b.name, b.key(name), id)
	})
	if codeOf(err) == minio.NoSuchUpload {
		return nil
	}
	return err
}
