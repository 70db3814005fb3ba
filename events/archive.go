package events

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// Archives are read member by member, in the archive's own order. Members'
// paths only name them in reports: nothing is ever written under them. An
// archive inside an archive is read too, one level deep.

func (j *job) enter(s *stream, f format) error {
	if s.archive++; s.archive > 2 {
		return errors.New("it is an archive inside an archive inside an archive; unpack it first")
	}
	s.layers = append(s.layers[:len(s.layers):len(s.layers)], f.String())
	return nil
}

// member counts a member and names it.
func (j *job) member(s stream, name string) (string, error) {
	if j.members++; j.members > maxMembers {
		return "", fmt.Errorf("it has more than %d members", maxMembers)
	}
	return s.name + "!" + strings.ToValidUTF8(strings.TrimPrefix(name, "./"), "\uFFFD"), nil
}

// ignorable tells members that never hold events: what macOS adds to archives.
func ignorable(name string) bool {
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasSuffix(name, ".DS_Store")
}

func (j *job) zip(s stream, br *bufio.Reader) error {
	if err := j.enter(&s, formatZip); err != nil {
		return j.failed(s, err)
	}
	if s.at == nil {
		at, size, clean, err := spool(br)
		if err != nil {
			return j.failed(s, err)
		}
		defer clean()
		s.at, s.size = at, size
	}
	z, err := zip.NewReader(s.at, s.size)
	if err != nil {
		return j.failed(s, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor())
	for _, f := range z.File {
		if f.FileInfo().IsDir() || ignorable(f.Name) {
			continue
		}
		name, err := j.member(s, f.Name)
		if err != nil {
			return j.failed(s, err)
		}
		inner := stream{name: name, layers: s.layers, archive: s.archive}
		if f.Flags&1 != 0 {
			if err := j.failed(inner, errors.New("it is encrypted; unpack it first")); err != nil {
				return err
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			if errors.Is(err, zip.ErrAlgorithm) {
				err = fmt.Errorf("compression method %d is not read; unpack it first", f.Method)
			}
			if err := j.failed(inner, err); err != nil {
				return err
			}
			continue
		}
		inner.r = &bounded{j, r}
		err = j.stream(inner)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) tar(s stream, br *bufio.Reader) error {
	if err := j.enter(&s, formatTar); err != nil {
		return j.failed(s, err)
	}
	t := tar.NewReader(br)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if _, err := io.Copy(io.Discard, br); err != nil { // the end of the compressed stream checks it
				return j.note(s, fmt.Sprintf("all members were read, but then %v", explain(err)))
			}
			return nil
		}
		if err != nil {
			return j.failed(s, err)
		}
		if h.Typeflag != tar.TypeReg || ignorable(h.Name) {
			continue // links and devices hold no content of their own
		}
		name, err := j.member(s, h.Name)
		if err != nil {
			return j.failed(s, err)
		}
		if err := j.stream(stream{name: name, r: t, layers: s.layers, archive: s.archive}); err != nil {
			return err
		}
	}
}
