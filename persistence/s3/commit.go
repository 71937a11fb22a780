package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"dragonfly/persistence"
)

const (
	// recordSuffix, behind the name of the last file, names a commit record. In a directory a temporary file is called so:
	// the meaning is the same, a snapshot that is on its way.
	recordSuffix = persistence.TempSuffix
	// maxRecordBytes is more than 1024 files of 10,000 parts each need.
	maxRecordBytes = 1 << 30
)

// record is a commit record: JSON, which is written before the first of several uploads is completed and removed after
// the last, see the package comment.
type record struct {
	Files []recordFile `json:"files"` // in the order of the commit
}

// recordFile says how one upload is completed.
type recordFile struct {
	Name   string   `json:"name"`
	Upload string   `json:"upload"`
	Token  string   `json:"token"`
	Parts  []string `json:"parts"` // ETag of each part
}

// Commit completes the uploads: several at a time, but the last one last.
func (b *Bucket) Commit(ctx context.Context, files []persistence.Pending) error {
	if len(files) == 0 {
		return nil
	}
	uploads := make([]*upload, len(files))
	r := record{Files: make([]recordFile, len(files))}
	for i, f := range files {
		u, ok := f.(*upload)
		if !ok || u.b != b {
			return b.failed(f.Name(), "committing", errors.New("a file of another place"))
		}
		uploads[i] = u
		var err error
		if r.Files[i], err = u.entry(); err != nil {
			return err
		}
	}
	name := uploads[len(uploads)-1].name + recordSuffix
	if len(uploads) > 1 {
		if err := b.decide(ctx, name, r, uploads); err != nil {
			return err
		}
	}
	if err := b.completeAll(ctx, r.Files); err != nil {
		return err
	}
	for _, u := range uploads {
		u.become(completed)
	}
	if len(uploads) > 1 {
		// The files are there. A record that stays is no harm: Recover finds nothing to do and removes it.
		if err := b.Remove(ctx, name); err != nil {
			b.log.Warn("cannot remove a commit record", "error", err)
		}
	}
	return nil
}

// entry says how the upload is completed; it is an error if it cannot be.
func (u *upload) entry() (recordFile, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != finished {
		return recordFile{}, u.b.failed(u.name, "committing", errors.New("the file is not finished, or was committed or given up before"))
	}
	return recordFile{Name: u.name, Upload: u.id, Token: u.token, Parts: u.etags}, nil
}

// decide writes the commit record. If it returns an error the files can be aborted, unless nobody knows whether the
// record was written: then Recover is to find out.
func (b *Bucket) decide(ctx context.Context, name string, r record, uploads []*upload) error {
	text, err := json.Marshal(r)
	if err != nil {
		return b.failed(name, "writing the commit record", err)
	}
	sum, digest := sha256.Sum256(text), md5.Sum(text)
	err = b.do(ctx, name, "writing the commit record", func() error {
		_, err := b.core.PutObject(ctx, b.name, b.key(name), bytes.NewReader(text), int64(len(text)),
			base64.StdEncoding.EncodeToString(digest[:]), hex.EncodeToString(sum[:]),
			minio.PutObjectOptions{ContentType: "application/json", DisableContentSha256: true})
		return err
	})
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		if b.Remove(ctx, name) == nil {
			return err
		}
	}
	for _, u := range uploads {
		u.become(decided)
	}
	return err
}

// completeAll completes uploads, the last one last.
func (b *Bucket) completeAll(ctx context.Context, files []recordFile) error {
	last := len(files) - 1
	err := parallel(last, func(i int) error { return b.complete(ctx, files[i]) })
	if err != nil {
		return err
	}
	return b.complete(ctx, files[last])
}

// complete makes one file appear.
func (b *Bucket) complete(ctx context.Context, f recordFile) error {
	parts := make([]minio.CompletePart, len(f.Parts))
	for i, etag := range f.Parts {
		parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: etag}
	}
	err := b.do(ctx, f.Name, "completing the upload", func() error {
		_, err := b.core.CompleteMultipartUpload(ctx, b.name, b.key(f.Name), f.Upload, parts, minio.PutObjectOptions{})
		return err
	})
	if err == nil {
		return nil
	}
	// The answer to a success may have been lost.
	if done, e := b.isDone(ctx, f); e == nil && done {
		return nil
	}
	return err
}

// isDone tells whether the object of a name is that of an upload.
func (b *Bucket) isDone(ctx context.Context, f recordFile) (bool, error) {
	info, err := b.stat(ctx, f.Name)
	if codeOf(err) == minio.NoSuchKey {
		return false, nil
	}
	return err == nil && info.UserMetadata[tokenName] == f.Token, err
}

// Recover ends the commits that were interrupted of the snapshots of a base name.
func (b *Bucket) Recover(ctx context.Context, base string) error {
	files, err := b.List(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		name, isRecord := strings.CutSuffix(f.Name, recordSuffix)
		if !isRecord || !mayBelong(base, name) {
			continue
		}
		r, err := b.readRecord(ctx, f.Name)
		if err != nil {
			return err
		}
		if err := b.settle(ctx, f.Name, r); err != nil {
			return err
		}
		if err := b.Remove(ctx, f.Name); err != nil {
			b.log.Warn("cannot remove a commit record", "error", err)
		}
	}
	return nil
}

func (b *Bucket) readRecord(ctx context.Context, name string) (r record, err error) {
	f, size, err := b.Open(ctx, name)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if size > maxRecordBytes {
		return r, b.failed(name, "reading the commit record", fmt.Errorf("%d bytes are too many", size))
	}
	text, err := io.ReadAll(f)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && len(r.Files) == 0 {
		err = errors.New("no files")
	}
	return r, b.failed(name, "reading the commit record", err)
}

// settle completes what a record names and is not completed. If something of it has got lost meanwhile, the rest is
// aborted: in most cases nothing was completed and the old files are whole, else the loader will refuse the mixture.
func (b *Bucket) settle(ctx context.Context, name string, r record) error {
	found := make([]fate, len(r.Files))
	err := parallel(len(r.Files), func(i int) (err error) {
		found[i], err = b.fateOf(ctx, r.Files[i])
		return err
	})
	if err != nil {
		return err
	}
	var pending []recordFile // in the order of the record
	lost := 0
	for i, f := range r.Files {
		switch found[i] {
		case fatePending:
			pending = append(pending, f)
		case fateLost:
			lost++
		}
	}
	switch {
	case lost > 0:
		b.log.Error("an interrupted commit cannot be ended, since uploads were aborted or their objects replaced",
			"record", b.Path(name), "files", len(r.Files), "lost", lost, "pending", len(pending))
		return parallel(len(pending), func(i int) error { return b.abort(ctx, pending[i].Name, pending[i].Upload) })
	case len(pending) > 0:
		b.log.Info("ending an interrupted commit", "record", b.Path(name), "files", len(r.Files), "pending", len(pending))
		return b.completeAll(ctx, pending)
	}
	return nil
}

// fate is what became of an upload of a commit record.
type fate int

const (
	fatePending fate = iota // it waits to be completed
	fateDone
	fateLost
)

// fateOf looks for the upload first: one that is gone is seen as an object, if it was completed, even if that happens at
// this moment.
func (b *Bucket) fateOf(ctx context.Context, f recordFile) (fate, error) {
	err := b.do(ctx, f.Name, "looking for the upload", func() error {
		_, err := b.core.ListObjectParts(ctx, b.name, b.key(f.Name), f.Upload, 0, 1)
		return err
	})
	switch {
	case err == nil:
		return fatePending, nil
	case codeOf(err) != minio.NoSuchUpload:
		return fateLost, err
	}
	done, err := b.isDone(ctx, f)
	if done {
		return fateDone, nil
	}
	return fateLost, err
}

// RemoveStale aborts the uploads of the snapshots of a base name that nobody will complete, as far as age tells, and
// returns the names.
func (b *Bucket) RemoveStale(ctx context.Context, base string) ([]string, error) {
	var removed []string
	oldest := time.Now().Add(-b.staleAge)
	keyMarker, idMarker := "", ""
	for {
		var page minio.ListMultipartUploadsResult
		err := b.do(ctx, "", "listing uploads", func() (err error) {
			page, err = b.core.ListMultipartUploads(ctx, b.name, b.prefix+literal(base), keyMarker, idMarker, "", 0)
			return err
		})
		if err != nil {
			return removed, err
		}
		for _, u := range page.Uploads {
			name := strings.TrimPrefix(u.Key, b.prefix)
			if !mayBelong(base, name) || u.Initiated.After(oldest) {
				continue
			}
			if err := b.abort(ctx, name, u.UploadID); err != nil {
				return removed, err
			}
			b.log.Info("aborted a stale upload", "file", b.Path(name), "started", u.Initiated)
			removed = append(removed, name)
		}
		if !page.IsTruncated {
			return removed, nil
		}
		if page.NextKeyMarker == keyMarker && page.NextUploadIDMarker == idMarker {
			return removed, b.failed("", "listing uploads", errors.New("the next page is the same page"))
		}
		keyMarker, idMarker = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// parallel calls fn for the numbers below n, several at a time, and returns what went wrong.
func parallel(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	running := make(chan struct{}, inFlight)
	for i := range n {
		running <- struct{}{}
		wg.Go(func() {
			defer func() { <-running }()
			errs[i] = fn(i)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
