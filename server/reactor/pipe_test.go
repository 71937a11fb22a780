package reactor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTLS serves an encrypted connection, from the handshake to the close notify.
func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	s := newScript()
	g := start(t, 2, s, Options{})
	if err := g.ServeListener(ln); err != nil {
		t.Fatal(err)
	}
	nc, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	big := strings.Repeat("z", 1_000_000)
	go io.WriteString(nc, strings.Repeat("echo "+big+"\n", 3)+"quit\n")
	expect(t, nc, strings.Repeat(big+"\n", 3)+"bye\n")
	expectEOF(t, nc)
	if err := <-s.ended; err != nil {
		t.Errorf("closed with %v", err)
	}

	// Garbage instead of a handshake ends the connection, with an error for the log.
	plain, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	send1(t, plain, "PING\r\n")
	if err := <-s.ended; err == nil {
		t.Error("closed without a reason")
	}
}

// TestMemoryConn holds the in-memory connection to what net.Conn promises.
func TestMemoryConn(t *testing.T) {
	a, b := newMemoryPair()
	// A write waits for room, and goes on.
	sent := make(chan error, 1)
	big := strings.Repeat("m", 10*memoryBuffer+1)
	go func() {
		_, err := io.WriteString(a, big)
		sent <- err
	}()
	expect(t, b, big)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}

	// Deadlines: already over, while waiting, and taken back.
	b.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	b.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	a.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := io.WriteString(a, big); !errors.Is(err, os.ErrDeadlineExceeded) || n != memoryBuffer {
		t.Errorf("%d bytes, %v", n, err)
	}
	a.SetDeadline(time.Time{})
	b.SetDeadline(time.Time{})
	expect(t, b, big[:memoryBuffer])

	// The end of one direction leaves the other.
	a.CloseWrite()
	expectEOF(t, b)
	send1(t, b, "x")
	expect(t, a, "x")
	a.Close()
	if _, err := b.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
