package events

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one file to load.
type file struct {
	path     string
	size     int64 // bytes; of a stream 0
	stream   bool  // its end is not known beforehand (a pipe)
	explicit bool  // the user named it, so its format must be known
}

// FileError tells that a path, or a part of it, could not be read.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	var pe *fs.PathError
	if errors.As(e.Err, &pe) && pe.Path == e.Path {
		return fmt.Sprintf("%s: %v", e.Path, pe.Err)
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// expand turns paths into files, in the order given and in alphabetical order
// within folders and patterns. A folder is searched as a whole; symbolic links
// are followed, each folder and each file once. "-" is standard input.
func expand(paths []string) (files []file, errs []*FileError, notes []string) {
	e := expander{seen: map[string]string{}}
	for _, p := range paths {
		if p == "-" {
			e.files = append(e.files, file{path: p, stream: true, explicit: true})
			continue
		}
		if _, err := os.Lstat(p); err != nil && strings.ContainsAny(p, "*?[") {
			matches, globErr := filepath.Glob(p)
			switch {
			case globErr != nil:
				e.fail(p, fmt.Errorf("bad pattern: %w", globErr))
			case len(matches) == 0:
				e.fail(p, errors.New("no file matches this pattern"))
			}
			for _, m := range matches {
				e.add(m, false)
			}
			continue
		}
		e.add(p, true)
	}
	return e.files, e.errs, e.notes
}

type expander struct {
	files []file
	errs  []*FileError
	notes []string
	seen  map[string]string // real path -> the path it was found under
}

func (e *expander) fail(path string, err error) {
	e.errs = append(e.errs, &FileError{path, err})
}

func (e *expander) add(path string, explicit bool) {
	info, err := os.Stat(path)
	if err != nil {
		e.fail(path, err)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		if real, err = filepath.Abs(real); err != nil {
			real = path
		}
	} else {
		real = path // /dev/fd/63 and the like
	}
	if first, dup := e.seen[real]; dup {
		if first != path && !info.IsDir() {
			e.notes = append(e.notes, fmt.Sprintf("%s is %s again and was loaded once", path, first))
		}
		return
	}
	e.seen[real] = path
	if !info.IsDir() {
		if info.Mode().IsRegular() {
			e.files = append(e.files, file{path: path, size: info.Size(), explicit: explicit})
		} else if explicit {
			e.files = append(e.files, file{path: path, stream: true, explicit: true})
		} else {
			e.notes = append(e.notes, path+" is not a regular file and was left out")
		}
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		e.fail(path, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, entry := range entries {
		e.add(filepath.Join(path, entry.Name()), false)
	}
}
