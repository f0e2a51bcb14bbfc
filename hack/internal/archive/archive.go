// Package archive makes archives that are the same whenever and wherever they are made.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"path"
	"strings"
	"time"
)

// File of an archive, or a folder that is to have a mode of its own, whose path ends with a slash.
type File struct {
	Path string
	Mode int64
	Data []byte
}

// Pack makes a tar archive, in which each file's folder stands before it.
func Pack(files []File) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{".": true}
	for _, f := range files {
		name := strings.TrimPrefix(f.Path, "/")
		if err := packFolder(w, made, path.Dir(strings.TrimSuffix(name, "/"))); err != nil {
			return nil, err
		}
		header := &tar.Header{Typeflag: kind(name), Name: name, Mode: f.Mode, Size: int64(len(f.Data)), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func kind(name string) byte {
	if strings.HasSuffix(name, "/") {
		return tar.TypeDir
	}
	return tar.TypeReg
}

func packFolder(w *tar.Writer, made map[string]bool, folder string) error {
	if made[folder] {
		return nil
	}
	made[folder] = true
	if err := packFolder(w, made, path.Dir(folder)); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755, ModTime: time.Unix(0, 0)})
}

// Compress makes a gzip file.
func Compress(data []byte) ([]byte, error) {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return compressed.Bytes(), nil
}
