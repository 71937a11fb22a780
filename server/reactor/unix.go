package reactor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// removeSocket removes the socket file that an earlier process left at path. Anything else there is not ours to remove.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s exists and is no socket", path)
	}
	return os.Remove(path)
}
