package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"dragonfly/persistence"
)

// look asks for one object, to see that the bucket is there and can be listed.
func (b *Bucket) look(ctx context.Context) error {
	return b.do(ctx, "", "listing", func() error {
		for o := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, MaxKeys: 1}) {
			return o.Err
		}
		return ctx.Err()
	})
}

// List returns all objects directly below the prefix.
func (b *Bucket) List(ctx context.Context) (files []persistence.FileInfo, err error) {
	err = b.do(ctx, "", "listing", func() (err error) {
		files, err = b.list(ctx)
		return err
	})
	return files, err
}

func (b *Bucket) list(ctx context.Context) (files []persistence.FileInfo, err error) {
	for o := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if o.Err != nil {
			return nil, o.Err
		}
		name := strings.TrimPrefix(o.Key, b.prefix)
		if name == "" || strings.Contains(name, "/") { // a directory, as some programs mark it, or what is in one
			continue
		}
		files = append(files, persistence.FileInfo{Name: name, Size: o.Size, Modified: o.LastModified})
	}
	return files, ctx.Err() // the library ends a listing silently when ctx ends
}

func (b *Bucket) stat(ctx context.Context, name string) (info minio.ObjectInfo, err error) {
	err = b.do(ctx, name, "looking for it", func() (err error) {
		info, err = b.core.StatObject(ctx, b.name, b.key(name), minio.StatObjectOptions{})
		return err
	})
	return info, err
}

// Remove removes an object. It is no error if there is none.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	return b.do(ctx, name, "removing", func() error {
		return b.core.RemoveObject(ctx, b.name, b.key(name), minio.RemoveObjectOptions{})
	})
}

// Keep copies an object, inside the store.
func (b *Bucket) Keep(ctx context.Context, name, second string) error {
	info, err := b.stat(ctx, name)
	if err != nil {
		return err
	}
	doing := "keeping it as " + second
	if _, err := b.stat(ctx, second); err == nil {
		return b.failed(name, doing, fs.ErrExist)
	} else if codeOf(err) != minio.NoSuchKey {
		return err
	}
	if info.Size > b.copyLimit {
		return b.copyParts(ctx, name, second, doing, info.Size)
	}
	return b.do(ctx, name, doing, func() error {
		_, err := b.core.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: b.name, Object: b.key(second)},
			minio.CopySrcOptions{Bucket: b.name, Object: b.key(name)})
		return err
	})
}

// copyParts copies an object that is too large for one request.
func (b *Bucket) copyParts(ctx context.Context, name, second, doing string, size int64) error {
	f := recordFile{Name: second, Token: newToken()}
	err := b.do(ctx, name, doing, func() (err error) {
		f.Upload, err = b.initiate(ctx, second, f.Token)
		return err
	})
	if err != nil {
		return err
	}
	for at := int64(0); at < size && err == nil; at += b.copyPart {
		number := len(f.Parts) + 1
		err = b.do(ctx, name, fmt.Sprintf("%s, part %d", doing, number), func() error {
			p, err := b.core.CopyObjectPart(ctx, b.name, b.key(name), b.name, b.key(second), f.Upload, number, at, min(b.copyPart, size-at), nil)
			if err == nil {
				f.Parts = append(f.Parts, p.ETag)
			}
			return err
		})
	}
	if err == nil {
		err = b.complete(ctx, f)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		return errors.Join(err, b.abort(ctx, second, f.Upload))
	}
	return nil
}

// Open opens an object for reading. ctx ends the reading, too.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	d := &download{b: b, ctx: ctx, name: name}
	err := b.do(ctx, name, "opening", func() error {
		body, info, _, err := b.core.GetObject(ctx, b.name, b.key(name), minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		d.body, d.size, d.etag = body, info.Size, info.ETag
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if d.size < 0 {
		d.Close()
		return nil, 0, b.failed(name, "opening", errors.New("the store does not tell the size"))
	}
	return d, d.size, nil
}

// download reads an object. When its connection is lost it goes on where it was, as long as the object is the same.
type download struct {
	b        *Bucket
	ctx      context.Context
	name     string
	etag     string
	size     int64
	at       int64
	failures int           // without a byte in between
	body     io.ReadCloser // nil after a failure
}

// Read reads bytes that follow.
func (d *download) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for d.at < d.size {
		n, err := d.read(p[:min(int64(len(p)), d.size-d.at)])
		if n > 0 {
			d.at += int64(n)
			d.failures = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		d.Close()
		if d.failures++; d.failures >= d.b.attempts || d.ctx.Err() != nil || !passing(err) {
			return 0, d.b.failed(d.name, fmt.Sprintf("reading at %d of %d", d.at, d.size), err)
		}
		d.b.log.Info("a download was interrupted, going on", "file", d.b.Path(d.name), "offset", d.at, "error", err)
		if err := d.b.pause(d.ctx, d.failures); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// read reads from the connection, or a new one.
func (d *download) read(p []byte) (int, error) {
	if d.body == nil {
		if err := d.resume(); err != nil {
			return 0, err
		}
	}
	n, err := d.body.Read(p)
	if err == io.EOF && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// resume asks for what was not read yet.
func (d *download) resume() error {
	var options minio.GetObjectOptions
	if d.at > 0 {
		if err := options.SetRange(d.at, 0); err != nil {
			return err
		}
	}
	if d.etag != "" {
		if err := options.SetMatchETag(d.etag); err != nil {
			return err
		}
	}
	body, _, header, err := d.b.core.GetObject(d.ctx, d.b.name, d.b.key(d.name), options)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("bytes %d-", d.at); d.at > 0 && !strings.HasPrefix(header.Get("Content-Range"), want) {
		body.Close()
		return minio.ErrorResponse{StatusCode: http.StatusOK, Code: "NoRange", Message: "the store does not know ranges"}
	}
	d.body = body
	return nil
}

// Close ends the reading.
func (d *download) Close() error {
	if d.body == nil {
		return nil
	}
	err := d.body.Close()
	d.body = nil
	return err
}
