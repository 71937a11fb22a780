package s3test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// client returns a client of the server that does not try again.
func client(t *testing.T, s *Server, change func(o *minio.Options)) *minio.Core {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o := &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), MaxRetries: 1, Transport: transport}
	if change != nil {
		change(o)
	}
	c, err := minio.NewCore(strings.TrimPrefix(s.URL, "http://"), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func code(err error) string { return minio.ToErrorResponse(err).Code }

// TestBodies: all forms in which a body is signed.
func TestBodies(t *testing.T) {
	s := New(t, "bucket")
	plain := client(t, s, nil)
	trailing := client(t, s, func(o *minio.Options) { o.TrailingHeaders = true })
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 200_000, 6 << 20} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		f := func(form string, c *minio.Core, o minio.PutObjectOptions) {
			t.Helper()
			key := fmt.Sprint("dir/", form, " ü+&", size)
			if _, err := c.Client.PutObject(t.Context(), "bucket", key, bytes.NewReader(data), int64(size), o); err != nil {
				t.Errorf("%s, %d bytes: %v", form, size, err)
			} else if !bytes.Equal(s.Object(key), data) {
				t.Errorf("%s, %d bytes: other bytes", form, size)
			}
		}
		f("chunks", plain, minio.PutObjectOptions{DisableMultipart: true})
		f("unsigned", plain, minio.PutObjectOptions{DisableMultipart: true, DisableContentSha256: true})
		f("checksum", plain, minio.PutObjectOptions{SendContentMd5: true, UserMetadata: map[string]string{"a": "b"}})
		f("trailer", trailing, minio.PutObjectOptions{DisableMultipart: true, Checksum: minio.ChecksumCRC32C})
		f("unsigned trailer", trailing, minio.PutObjectOptions{DisableMultipart: true, DisableContentSha256: true, Checksum: minio.ChecksumCRC32C})
	}
}

// tamper changes a request on its way.
type tamper func(r *http.Request)

func (f tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}

// swapped is a body whose first x is a y.
type swapped struct{ io.ReadCloser }

func (b swapped) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if i := bytes.IndexByte(p[:n], 'x'); i >= 0 {
		p[i] = 'y'
	}
	return n, err
}

// TestSignatures: what was not signed by who has the secret is refused.
func TestSignatures(t *testing.T) {
	s := New(t, "bucket")
	defer http.DefaultClient.CloseIdleConnections()
	f := func(what, want string, change func(r *http.Request), o minio.PutObjectOptions) {
		t.Helper()
		c := client(t, s, func(o *minio.Options) { o.Transport, o.Region = tamper(change), s.Region })
		data := bytes.Repeat([]byte("x"), 1000)
		_, err := c.Client.PutObject(t.Context(), "bucket", "k", bytes.NewReader(data), int64(len(data)), o)
		if code(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	var o minio.PutObjectOptions
	f("nothing", "", func(r *http.Request) {}, o)
	f("no signature", "AccessDenied", func(r *http.Request) { r.Header.Del("Authorization") }, o)
	f("another path", "SignatureDoesNotMatch", func(r *http.Request) { r.URL.Path = "/bucket/j" }, o)
	f("another query", "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "a=b" }, o)
	f("a header more", "AccessDenied", func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "b") }, o)
	f("another header", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("X-Amz-Decoded-Content-Length", "999") }, o)
	f("an old date", "AccessDenied", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20010203T040506Z") }, o)
	f("another chunk", "IncompleteBody", func(r *http.Request) { r.Body = swapped{r.Body} }, o)
	f("another hash", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "") }, minio.PutObjectOptions{DisableContentSha256: true})
	f("another body", "BadDigest", func(r *http.Request) { r.Body = swapped{r.Body} }, minio.PutObjectOptions{DisableContentSha256: true, SendContentMd5: true})
	wrong := client(t, s, func(o *minio.Options) { o.Region = "elsewhere" })
	if _, err := wrong.StatObject(t.Context(), "bucket", "k", minio.StatObjectOptions{}); err == nil || minio.ToErrorResponse(err).Region != s.Region {
		t.Errorf("another region: %v", err)
	}
	if location, err := client(t, s, nil).GetBucketLocation(t.Context(), "bucket"); err != nil || location != s.Region {
		t.Errorf("location %q, %v", location, err)
	}
	for bucket, want := range map[string]bool{"bucket": true, "other": false} {
		if ok, err := client(t, s, func(o *minio.Options) { o.Region = s.Region }).BucketExists(t.Context(), bucket); err != nil || ok != want {
			t.Errorf("%s: %v %v", bucket, ok, err)
		}
	}
}

func TestMultipart(t *testing.T) {
	s := New(t, "bucket")
	c := client(t, s, nil)
	ctx := t.Context()
	begin := func(sizes ...int) (id string, parts []minio.CompletePart) {
		t.Helper()
		id, err := c.NewMultipartUpload(ctx, "bucket", "k", minio.PutObjectOptions{UserMetadata: map[string]string{"Color": "red"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range sizes {
			p, err := c.PutObjectPart(ctx, "bucket", "k", id, i+1, bytes.NewReader(bytes.Repeat([]byte{byte('a' + i)}, n)), int64(n), minio.PutObjectPartOptions{})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, minio.CompletePart{PartNumber: i + 1, ETag: p.ETag})
		}
		return id, parts
	}
	complete := func(id string, parts []minio.CompletePart) string {
		_, err := c.CompleteMultipartUpload(ctx, "bucket", "k", id, parts, minio.PutObjectOptions{})
		return code(err)
	}
	id, parts := begin(MinPartBytes, MinPartBytes, 1)
	reversed := slices.Clone(parts)
	slices.Reverse(reversed)
	foreign := slices.Clone(parts)
	foreign[1].ETag = strings.Repeat("0", 32)
	list, err := c.ListObjectParts(ctx, "bucket", "k", id, 1, 1)
	if err != nil || len(list.ObjectParts) != 1 || list.ObjectParts[0].PartNumber != 2 || !list.IsTruncated {
		t.Errorf("parts %+v, %v", list, err)
	}
	for want, parts := range map[string][]minio.CompletePart{
		"MalformedXML": nil, "InvalidPartOrder": reversed, "InvalidPart": foreign, "": parts,
	} {
		if want == "" {
			continue
		}
		if got := complete(id, parts); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if len(s.Objects()) > 0 || len(s.Uploads()) != 1 {
		t.Fatalf("objects %q, uploads %q", s.Objects(), s.Uploads())
	}
	if got := complete(id, parts); got != "" {
		t.Error(got)
	}
	if got := complete(id, parts); got != "NoSuchUpload" {
		t.Errorf("completed twice: %s", got)
	}
	info, err := c.StatObject(ctx, "bucket", "k", minio.StatObjectOptions{})
	if err != nil || info.Size != 2*MinPartBytes+1 || info.UserMetadata["Color"] != "red" || !strings.HasSuffix(info.ETag, "-3") {
		t.Errorf("%+v %v", info, err)
	}
	small, parts := begin(MinPartBytes-1, 1)
	if got := complete(small, parts); got != "EntityTooSmall" {
		t.Error(got)
	}
	for range 2 {
		err = c.AbortMultipartUpload(ctx, "bucket", "k", small)
	}
	if code(err) != "NoSuchUpload" || len(s.Uploads()) > 0 {
		t.Errorf("aborted twice: %v", err)
	}
}

func TestListings(t *testing.T) {
	s := New(t, "bucket")
	c := client(t, s, nil)
	for _, key := range []string{"a", "d/1", "d/2", "d/e/3", "d/e/4", "d/f/5", "g"} {
		s.Put(key, nil)
	}
	f := func(prefix string, recursive bool, want ...string) {
		t.Helper()
		for page := 1; page < 9; page++ {
			s.SetPageSize(page)
			var got []string
			for o := range c.ListObjectsIter(t.Context(), "bucket", minio.ListObjectsOptions{Prefix: prefix, Recursive: recursive}) {
				if o.Err != nil {
					t.Fatal(o.Err)
				}
				got = append(got, o.Key)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d: %q", prefix, page, got)
			}
		}
	}
	f("", false, "a", "d/", "g")
	f("", true, s.Objects()...)
	f("d", false, "d/")
	f("d/", false, "d/1", "d/2", "d/e/", "d/f/")
	f("d/e/", false, "d/e/3", "d/e/4")
	f("x", false)

	s.SetPageSize(2)
	for i := range 5 {
		if _, err := c.NewMultipartUpload(t.Context(), "bucket", fmt.Sprint("k", i/2), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for u := range c.ListIncompleteUploads(t.Context(), "bucket", "k", true) {
		if u.Err != nil {
			t.Fatal(u.Err)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d uploads", n)
	}
}

func TestRanges(t *testing.T) {
	for header, want := range map[string]string{
		"": "0-10 false", "bytes=0-": "0-10 true", "bytes=3-5": "3-6 true", "bytes=9-100": "9-10 true",
		"bytes=10-": "refused", "bytes=5-4": "refused", "bytes=x-": "refused", "bytes=-3": "refused",
	} {
		start, end, ranged, err := byteRange(header, 10)
		got := fmt.Sprintf("%d-%d %v", start, end, ranged)
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	s := New(t, "bucket")
	c := client(t, s, func(o *minio.Options) { o.Region = s.Region })
	data := []byte("0123456789")
	for fault, want := range map[Fault]string{
		InternalError: "500 none", SlowDown: "503 none", Forbidden: "403 none", CloseBefore: "0 none", CloseAfter: "0 done", Stall: "ok done",
	} {
		s.Delete("k")
		s.FailNext(2, 1, fault)
		c.StatObject(t.Context(), "bucket", "k", minio.StatObjectOptions{})
		_, err := c.PutObject(t.Context(), "bucket", "k", bytes.NewReader(data), 10, "", "", minio.PutObjectOptions{})
		got := "ok"
		if err != nil {
			got = fmt.Sprint(minio.ToErrorResponse(err).StatusCode)
		}
		if done := map[bool]string{true: " done", false: " none"}[len(s.Objects()) > 0]; got+done != want || s.Heal() != 0 {
			t.Errorf("%v: %s, want %s", fault, got+done, want)
		}
	}
	s.Put("k", data)
	s.FailNext(1, 1, Truncate)
	r, info, _, err := c.GetObject(context.Background(), "bucket", "k", minio.GetObjectOptions{})
	if err != nil || info.Size != 10 {
		t.Fatal(info.Size, err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != io.ErrUnexpectedEOF || string(got) != "01234" {
		t.Errorf("%q %v", got, err)
	}
	s.FailNext(1, 3, Truncate)
	if n := s.Heal(); n != 3 {
		t.Errorf("%d faults", n)
	}
}
