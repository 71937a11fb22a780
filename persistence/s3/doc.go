// Package s3 keeps snapshots in a bucket of an object store that speaks the S3 protocol: Amazon S3, MinIO, Ceph and
// others. A Bucket is a persistence.Storage; what a directory calls a file is here an object, "prefix/name".
//
// # Writing
//
// Each file is one multipart upload. Its parts are durable when they are uploaded, but nothing is visible until the
// upload is completed, and completing it replaces the object of that name in one step. That is what a temporary file
// and a rename are for a directory:
//
//	Create            starts the upload
//	Write             uploads part 2 and the following as they fill
//	Finish            uploads the last part, and part 1, which is held back until then since WriteAt may change it
//	Commit            completes the uploads
//	Abort             aborts the upload
//
// All parts of a file but the last have the same size, 5 MiB (some stores insist), up to part 7000, 34 GiB. From there
// on each has a 400th of what was written before it, up to 5 GiB. With S3's limit of 10,000 parts a file may have 8.6 TiB.
//
// Memory: a file holds what was written and not yet uploaded, in pieces of 64 KiB: at most part 1 and the part that is
// being filled, so 10 MiB up to 34 GiB. Beside those there are 16 parts in flight at most, for all files of a
// Bucket together; a Write that fills another part waits for one of them. A small file holds no more than its data.
//
// # Commit of several files
//
// Objects appear one by one, so a set of files could be left half new and half old by a process that dies between two
// of them, if its names were there before (names with {timestamp} were not). Therefore Commit first writes a commit
// record, the object "name.tmp" with the name of the last file, which says which uploads belong together and how
// each is to be completed. From that moment the set is decided: Commit completes all and removes the record, and if it
// is interrupted, Recover does so. Readers that come in between see old and new files side by side; those of a set name
// their snapshot, so a loader refuses the mixture.
//
// An answer that is lost is asked for again, and the second time the store may say that there is no such upload: each
// upload carries a random token in the metadata of its object, by which it is found out whether the first time was
// successful.
//
// # Two servers
//
// A process that died leaves uploads behind, which cost money and are visible in no listing of objects. RemoveStale
// aborts them, but only if they were started a day ago or before: another server, or the predecessor of this one that
// is still saving while it shuts down, may be writing under the same names.
//
// # Permissions
//
// s3:ListBucket, s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, s3:ListBucketMultipartUploads, and s3:DeleteObject
// to remove commit records and the files that SAVE replaces.
//
// # What it does not do
//
// Encryption keys of clients, storage classes, versions of objects: the defaults of the bucket apply. Roles that a
// profile names ("role_arn") are not assumed.
package s3
