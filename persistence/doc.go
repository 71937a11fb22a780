// Package persistence saves the data set and finds what was saved: names of files, the saver of RDB files and that of DFS
// sets, and the directory they are kept in, so that a crash loses nothing.
//
// # Snapshots
//
// A snapshot is an RDB file, or a DFS set: the files <base>-0000.dfs and so on, one for each shard, and
// <base>-summary.dfs. All files of a set say the same random snapshot id in their first fields, and the summary says how
// many shards there are; so ReadSet knows which files belong together and whether all are there. The base name may depend
// on the time of the save (Expand). Storage is where files are kept; Dir is the local one.
//
// # A save and its crash
//
// What is said here holds for a process that is killed and for a power cut, at any instant, of a file system that keeps no
// more than POSIX asks it to: content may be lost until its file is synced, a name until its directory is, and of several
// names any may survive. A save to a Dir goes like this:
//
//  1. Recover. What an earlier save left is settled and durable.
//  2. Each shard file is written under its name with ".tmp" behind, and synced. An RDB file likewise.
//  3. When all of them are synced, and not before, the summary is written, as ".tmp" too, and synced.
//  4. Commit syncs the directory, renames the files, the summary last, and syncs the directory.
//
// An RDB file is renamed at once: its name has the old content or the new one. For a set the rule of Recover is: if the
// summary is there and complete, as ".tmp" or renamed, and each of its shards is there with its id, as ".tmp" or renamed,
// then the renames are finished. Else nothing is renamed, and ".tmp" files are stale. It is right because
//
//   - before the directory is synced in step 4 no file of the new set has its name: if one of the ".tmp" is lost, the
//     old set is whole;
//   - from then on all files of the new set have a durable name, the old or the new: so the rule finds all of them,
//     whatever renames have survived;
//   - a complete summary means durable shards, for it was not begun before they were synced. That is why their
//     checksums need not be verified. Whether the summary is complete its own checksum tells. It may be there without
//     being durable, if the process was killed before it synced it or if the sync failed; so Recover writes it anew before
//     it renames anything;
//   - a new save begins with a directory whose names are durable (step 1). Else, after a sync that failed in step 4, its
//     ".tmp" files could survive a power cut in place of those whose renames do not.
//
// So after a crash there is all of the old snapshot or all of the new one. A save that returned nil is durable. One that
// returned an error has left the old snapshot, or, if Commit had begun to rename, the new one for Recover to finish; in the
// rest of that process Create refuses its names until then.
//
// A file that had a ".tmp" name is never truncated but replaced: a rename that was torn in two leaves a file under both
// names. A sync that failed is never repeated: the system may answer that all is well and have dropped the content.
//
// # After a save
//
// Two things are removed when the new snapshot is durable, each in an order that leaves no half set with a summary:
// shard files of an older set with more shards (RemoveLeftovers), and older snapshots (Retain).
//
// # What is not guaranteed
//
// Two processes must not save to one base name in one directory. A file system that forgets what it has synced, or of a
// file that is renamed both names, is beyond us; so is a directory whose sync fails once and lies the next time. A file of
// a set that somebody removes is missed (ReadSet fails), and not replaced by an older one.
package persistence
