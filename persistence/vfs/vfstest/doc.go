// Package vfstest is a file system in memory that keeps no more than it must: for tests of what survives a power cut.
//
// What POSIX lets a file system forget is forgotten, or half of it is, as a seed decides:
//
//   - Content that was written and not synced is lost or torn: any beginning of it may be there, or any blocks of 512
//     bytes, with zeros or what was there before in the place of the others.
//   - Names that were created, changed or removed since the directory was synced are as before or as after, each by
//     itself: a later change may survive where an earlier one does not. A rename may leave the file under both names. A
//     change is of a file: to remove a name does not remove another file that has got it by the crash.
//   - Names of directories are no better than those of files.
//   - A sync of a file that fails drops the content and lets the next one succeed.
//
// Two things are taken for granted: a rename never leaves a file without a name, and a sync of a directory that failed
// can be repeated. No program can do without.
//
// Every call counts, those of open files too: any one can be made to fail, or to be the last before the power is gone.
package vfstest
