// Package persistence saves the data set: file names, atomic replacement of files, and the saver that turns a
// snapshot of the store into one RDB file.
//
// A save writes to "<final name>.tmp" in the same directory, syncs the file, renames it and syncs the directory. So
// at every instant, and after a power cut, the final name holds the previous snapshot or the new one, whole. A save
// that fails removes its temporary file and says what failed where.
package persistence
