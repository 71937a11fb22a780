package s3

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"dragonfly/persistence"
	"dragonfly/persistence/s3/s3test"
)

// noSources takes all credentials out of the environment of a test.
func noSources(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
}

func try(t *testing.T, address string, o Options) error {
	t.Helper()
	o.Attempts = 1
	b, err := New(t.Context(), address, o)
	if err == nil {
		b.Close()
	}
	return err
}

func TestRefusals(t *testing.T) {
	s := s3test.New(t, "snapshots")
	noSources(t)
	f := func(address string, o Options, want string) error {
		t.Helper()
		o.Endpoint = s.URL
		err := try(t, address, o)
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
		return err
	}
	f("s3://snapshots", Options{}, "s3://snapshots/: connecting: no credentials: environment: none; profile: ")
	f("s3://snapshots", Options{EC2Metadata: true}, "EC2 metadata: ")
	s.Setenv(t)
	f("s3://snapshots", Options{}, "<nil>")
	f("s3://snapshots/", Options{}, "<nil>")
	f("s3://snapshots/a//b/", Options{}, "<nil>")
	f("s3://nothing/x", Options{}, "s3://nothing/x/: listing: NoSuchBucket: The specified bucket does not exist (status 404)")
	for _, address := range []string{"", "s3:", "s3://", "s3:///x", "gs://x", "/dir"} {
		f(address, Options{}, "an address of the form s3://bucket/prefix is needed")
	}
	f("s3://Bad..Name/x", Options{}, "invalid characters")
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretKey+"x")
	f("s3://snapshots/x", Options{}, "SignatureDoesNotMatch: ")
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	f("s3://snapshots/x", Options{}, "InvalidAccessKeyId: ")
	s.Setenv(t)
	s.FailNext(1, 1, s3test.Forbidden)
	if err := f("s3://snapshots/x", Options{}, "AccessDenied: "); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

// TestRegion: a region that is not the bucket's is corrected, one that is not known is asked for.
func TestRegion(t *testing.T) {
	s := s3test.New(t, "snapshots")
	s.Setenv(t)
	for _, region := range []string{s.Region, "us-east-1", "eu-west-9", ""} {
		t.Setenv("AWS_REGION", region)
		var log bytes.Buffer
		b, err := New(t.Context(), "s3://snapshots/x", Options{Endpoint: s.URL, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Errorf("%q: %v", region, err)
			continue
		}
		if err := b.Commit(t.Context(), []persistence.Pending{write(t, b, "f", []byte("x"))}); err != nil {
			t.Errorf("%q: %v", region, err)
		}
		b.Close()
		if other := region != "" && region != s.Region; other != strings.Contains(log.String(), "another region") {
			t.Errorf("%q: log %q", region, log.String())
		}
	}
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", s.Region)
	before := s.Requests()
	if err := try(t, "s3://snapshots/x", Options{Endpoint: s.URL}); err != nil || s.Requests() != before+1 {
		t.Errorf("%v after %d requests", err, s.Requests()-before)
	}
}

func TestEndpoints(t *testing.T) {
	f := func(endpoint string, https bool, host string, secure bool) {
		t.Helper()
		if h, sec := splitEndpoint(Options{Endpoint: endpoint, UseHTTPS: https}); h != host || sec != secure {
			t.Errorf("%q: %q %v", endpoint, h, sec)
		}
	}
	f("", true, "s3.amazonaws.com", true)
	f("host", true, "host", true)
	f("host", false, "host", false)
	f("host:9000", false, "host:9000", false)
	f("http://host:9000/", true, "host:9000", false)
	f("https://host", false, "host", true)
	f("[::1]:9000", true, "[::1]:9000", true)

	// Forms that work and such that cannot.
	s := s3test.New(t, "snapshots")
	s.Setenv(t)
	host := strings.TrimPrefix(s.URL, "http://")
	for endpoint, want := range map[string]string{
		host: "<nil>", s.URL: "<nil>", s.URL + "/": "<nil>", "https://" + host: "HTTP response to HTTPS client",
		s.URL + "/path": "connecting to the endpoint ", "ftp://" + host: "connecting to the endpoint ", "a b": "connecting to the endpoint ", "127.0.0.1:1": "connection refused",
	} {
		if err := try(t, "s3://snapshots/x", Options{Endpoint: endpoint}); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: got %v, want %q", endpoint, err, want)
		}
	}
}

func TestPassing(t *testing.T) {
	for err, want := range map[error]bool{
		minio.ErrorResponse{Code: "SlowDown", StatusCode: 503}:        true,
		minio.ErrorResponse{Code: "InternalError", StatusCode: 200}:   true, // a late change of mind
		minio.ErrorResponse{Code: "502 Bad Gateway", StatusCode: 502}: true, // of something in between
		minio.ErrorResponse{Code: "AccessDenied", StatusCode: 403}:    false,
		minio.ErrorResponse{Code: "NotImplemented", StatusCode: 501}:  false,
		io.ErrUnexpectedEOF: true,
		&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}:          true,
		&url.Error{Op: "Get", Err: x509.UnknownAuthorityError{}}:                                 false,
		&url.Error{Op: "Get", Err: &tls.CertificateVerificationError{Err: x509.HostnameError{}}}: false,
		&url.Error{Op: "Get", Err: http.ErrSchemeMismatch}:                                       false,
	} {
		if passing(err) != want {
			t.Errorf("%v: not %v", err, want)
		}
	}
}

// TestSources: credentials are found in each of the places, and no other one is asked before its turn.
func TestSources(t *testing.T) {
	s := s3test.New(t, "snapshots")
	keys := fmt.Sprintf(`{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":%q,"Token":"","Expiration":%q}`,
		s.AccessKey, s.SecretKey, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	services := http.NewServeMux()
	services.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret") })
	services.HandleFunc("GET /latest/meta-data/iam/security-credentials/{role...}", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.PathValue("role") == "":
			fmt.Fprint(w, "saver")
		case r.PathValue("role") == "saver":
			fmt.Fprint(w, keys)
		}
	})
	services.HandleFunc("GET /container", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "ticket" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprint(w, keys)
	})
	machine := httptest.NewServer(services)
	defer machine.Close()
	profile := func(name string) string {
		file := filepath.Join(t.TempDir(), "credentials")
		text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, s.AccessKey, s.SecretKey)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	f := func(name string, o Options, env map[string]string, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			noSources(t)
			for k, v := range env {
				t.Setenv(k, v)
			}
			o.Endpoint, o.Region = s.URL, s.Region
			if err := try(t, "s3://snapshots/x", o); !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
	f("environment", Options{}, map[string]string{"AWS_ACCESS_KEY_ID": s.AccessKey, "AWS_SECRET_ACCESS_KEY": s.SecretKey}, "<nil>")
	f("half", Options{}, map[string]string{"AWS_ACCESS_KEY_ID": s.AccessKey}, "no credentials")
	f("profile", Options{}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profile("default")}, "<nil>")
	f("other profile", Options{}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profile("prod")}, "profile: ")
	f("named profile", Options{}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profile("prod"), "AWS_PROFILE": "prod"}, "<nil>")
	f("config file", Options{}, map[string]string{"AWS_CONFIG_FILE": profile("profile prod"), "AWS_PROFILE": "prod"}, "<nil>")
	f("container", Options{}, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": machine.URL + "/container",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN": "ticket"}, "<nil>")
	f("container refuses", Options{EC2Metadata: true}, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": machine.URL + "/container"},
		"container: 403")
	f("metadata", Options{EC2Metadata: true}, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.URL}, "<nil>")
	f("metadata not allowed", Options{}, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.URL}, "no credentials")
	f("web identity", Options{}, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(t.TempDir(), "missing")}, "web identity: open ")
}
