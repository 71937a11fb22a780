// Package s3test is a small server of the S3 protocol, for tests: one bucket in memory, on a loopback port.
//
// It knows what a place of snapshots needs: objects (put, get with ranges, head, delete, copy), listings in pages,
// multipart uploads with all of S3's rules about parts, and the location of the bucket. Requests are addressed by
// path, and each must be signed (AWS Signature Version 4): the signature of the headers, the hash of the body and the
// signatures of its chunks are all verified, so a client with a wrong secret, and one that sends other bytes than it
// signed, are refused as S3 would.
//
// Faults can be injected into requests by their number: errors, lost connections before and after a request was
// carried out, half an answer.
//
// What it does not do: several buckets, versions, access policies, encryption, the first version of the listing.
package s3test
