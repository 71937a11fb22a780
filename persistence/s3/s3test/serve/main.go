// Command serve runs the S3 server of package s3test until its standard input ends:
//
//	go run ./persistence/s3/s3test/serve [-address 127.0.0.1:0] [-bucket NAME]
//
// It writes one line for each of endpoint, bucket, and the environment variables for a client, as "name=value".
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"dragonfly/persistence/s3/s3test"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "`address` to listen on")
	bucket := flag.String("bucket", "snapshots", "`name` of the bucket")
	flag.Parse()
	s, err := s3test.Start(*address, *bucket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer s.Close()
	lines := append([]string{"endpoint=" + s.URL, "bucket=" + s.Bucket}, s.Env()...)
	fmt.Fprintln(os.Stdout, strings.Join(lines, "\n"))
	io.Copy(io.Discard, os.Stdin)
}
