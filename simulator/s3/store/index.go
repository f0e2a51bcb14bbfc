package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"

	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/boltfile"
)

// The index holds a table of buckets, one of small contents by their blob's name, and for each bucket a table of versions
// and one of uploads. A version is under its key, a zero byte and its id, which holds none; an upload is under its id, and
// each of its parts under that, a slash and the part's number.

// bucketRecord is a bucket in the index.
type bucketRecord struct {
	BucketInfo
	Settings
}

// uploadRecord is an upload in the index; its key is not always valid in JSON as a string.
type uploadRecord struct {
	UploadInfo
	Key []byte `json:"key"`
}

// partRecord is a part in the index.
type partRecord struct {
	PartInfo
	Blob string `json:"blob"`
}

func tableName(info BucketInfo) []byte { return []byte(info.Region + "/" + info.Name) }

func versionKey(o *Object) []byte { return []byte(o.Key + "\x00" + o.Version) }

func partKey(upload string, number int) []byte { return fmt.Appendf(nil, "%s/%05d", upload, number) }

// putRecord puts a record into a table with its checksum, by which load finds what a disk made of it.
func putRecord(table *bolt.Bucket, key, record []byte) error {
	return table.Put(key, boltfile.Seal(key, record))
}

// readRecord reads what putRecord has put.
func readRecord(key, value []byte, record any) error {
	value, err := boltfile.Unseal(key, value)
	if err != nil {
		return err
	}
	return json.Unmarshal(value, record)
}

// update changes the two tables of a bucket in one transaction.
func (d *disk) update(info BucketInfo, change func(versions, uploads *bolt.Bucket) error) error {
	return d.commits.now(func(tx *bolt.Tx) error {
		return change(tx.Bucket(versionsTable).Bucket(tableName(info)), tx.Bucket(uploadsTable).Bucket(tableName(info)))
	})
}

func (d *disk) putBucket(info BucketInfo, settings Settings) error {
	value, err := json.Marshal(bucketRecord{info, settings})
	if err != nil {
		return err
	}
	return d.commits.now(func(tx *bolt.Tx) error { return storeBucket(tx, info, value) })
}

func storeBucket(tx *bolt.Tx, info BucketInfo, record []byte) error {
	for _, table := range [][]byte{versionsTable, uploadsTable} {
		if _, err := tx.Bucket(table).CreateBucketIfNotExists(tableName(info)); err != nil {
			return err
		}
	}
	return putRecord(tx.Bucket(bucketsTable), tableName(info), record)
}

func (d *disk) deleteBucket(info BucketInfo) error {
	return d.commits.now(func(tx *bolt.Tx) error {
		for _, table := range [][]byte{versionsTable, uploadsTable} {
			if err := tx.Bucket(table).DeleteBucket(tableName(info)); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketsTable).Delete(tableName(info))
	})
}

func (d *disk) putObject(info BucketInfo, object *Object, upload string) error {
	value, err := json.Marshal(object)
	if err != nil {
		return err
	}
	err = d.update(info, func(versions, uploads *bolt.Bucket) error {
		if err := storeContent(versions.Tx(), object.content); err != nil {
			return err
		}
		if upload != "" {
			if err := deleteUpload(uploads, upload); err != nil {
				return err
			}
		}
		return putRecord(versions, versionKey(object), value)
	})
	if err == nil {
		contentStored(object.content)
	}
	return err
}

func (d *disk) deleteObject(info BucketInfo, object *Object) error {
	return d.update(info, func(versions, _ *bolt.Bucket) error { return versions.Delete(versionKey(object)) })
}

func (d *disk) putUpload(info BucketInfo, u *upload) error {
	value, err := json.Marshal(uploadRecord{u.UploadInfo, []byte(u.Key)})
	if err != nil {
		return err
	}
	return d.update(info, func(_, uploads *bolt.Bucket) error { return putRecord(uploads, []byte(u.ID), value) })
}

func (d *disk) putPart(info BucketInfo, upload string, p part) error {
	value, err := json.Marshal(partRecord{p.PartInfo, p.content.name()})
	if err != nil {
		return err
	}
	err = d.update(info, func(_, uploads *bolt.Bucket) error {
		if err := storeContent(uploads.Tx(), p.content); err != nil {
			return err
		}
		return putRecord(uploads, partKey(upload, p.Number), value)
	})
	if err == nil {
		contentStored(p.content)
	}
	return err
}

func (d *disk) deleteUpload(info BucketInfo, upload string) error {
	return d.update(info, func(_, uploads *bolt.Bucket) error { return deleteUpload(uploads, upload) })
}

// removeFiles removes contents that nothing names.
func (d *disk) removeFiles(names []string) error {
	for _, name := range names {
		if err := (&fileBlob{d, name}).remove(); err != nil {
			return err
		}
	}
	return nil
}

func deleteUpload(uploads *bolt.Bucket, id string) error {
	cursor := uploads.Cursor()
	for key, _ := cursor.Seek([]byte(id)); bytes.HasPrefix(key, []byte(id)); key, _ = cursor.Seek([]byte(id)) {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// load fills the store from the index and removes content that nothing names, unless some that is named is missing: then the index
// is not that of these contents.
func (d *disk) load(s *Store) error {
	named := map[string]bool{}
	if err := d.db.View(func(tx *bolt.Tx) error { return d.loadBuckets(tx, s, named) }); err != nil {
		return d.damaged(err)
	}
	orphans, missing, err := d.orphans(named)
	if err != nil {
		return err
	}
	if check := s.options.Check; check != nil {
		if err := check(); err != nil {
			return err
		}
	}
	if err := d.makeTables(); err != nil {
		return err
	}
	if missing > 0 {
		slog.Error("Objects have lost their contents: reading one is an InternalError, and `velero-locations simulator check` names them", "directory", d.dir, "objects", missing)
		return nil
	}
	if err := d.removeFiles(orphans); err != nil {
		return err
	}
	return d.db.Update(func(tx *bolt.Tx) error { return sweepSmall(tx, named) })
}

// makeTables makes those that are not there.
func (d *disk) makeTables() error {
	err := d.db.Update(func(tx *bolt.Tx) error {
		for _, table := range tables {
			if _, err := tx.CreateBucketIfNotExists(table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("making the tables of %s: %w", d.indexPath(), err)
	}
	return nil
}

// damaged says what is wrong with the index.
func (d *disk) damaged(err error) error {
	return &boltfile.Damage{Path: d.indexPath(), Wrong: err.Error()}
}

// loadBuckets fills the store from the index, and notes which contents it names.
func (d *disk) loadBuckets(tx *bolt.Tx, s *Store, named map[string]bool) error {
	buckets := tx.Bucket(bucketsTable)
	if buckets == nil {
		return nil
	}
	return buckets.ForEach(func(id, value []byte) error {
		var record bucketRecord
		if err := readRecord(id, value, &record); err != nil {
			return fmt.Errorf("bucket %q: %w", id, err)
		}
		bucket := newBucket(s, record.BucketInfo, record.Settings)
		s.buckets[bucketID{record.Region, record.Name}] = bucket
		versions, uploads := tx.Bucket(versionsTable).Bucket(id), tx.Bucket(uploadsTable).Bucket(id)
		if versions == nil || uploads == nil {
			return fmt.Errorf("bucket %q has no tables", id)
		}
		if err := d.loadVersions(bucket, versions, named); err != nil {
			return err
		}
		return d.loadUploads(bucket, uploads, named)
	})
}

func (d *disk) loadVersions(bucket *Bucket, table *bolt.Bucket, named map[string]bool) error {
	return table.ForEach(func(key, value []byte) error {
		object := &Object{}
		if err := readRecord(key, value, object); err != nil {
			return fmt.Errorf("object %s/%q: %w", bucket.info.Name, key, err)
		}
		at := bytes.LastIndexByte(key, 0)
		if at < 0 {
			return fmt.Errorf("object %s/%q has no version", bucket.info.Name, key)
		}
		object.Key, object.Version = string(key[:at]), string(key[at+1:])
		if object.Version == NullVersion {
			object.Version = NullVersion // one string for all
		}
		if object.Blob != "" {
			object.content = d.blob(object.Blob)
			named[object.Blob] = true
		}
		bucket.addVersion(object)
		return nil
	})
}

// addVersion adds a version that is durable, or will be, to a bucket that nobody else has yet.
func (b *Bucket) addVersion(object *Object) {
	if object.Upload != "" {
		b.ended.add(object.Upload, ended{object.Key, object.Modified, object})
	}
	b.sequence.Store(max(b.sequence.Load(), object.Sequence))
	latest := b.latest(object.Key).insert(object)
	b.tree.ReplaceOrInsert(entry{latest.Key, latest})
}

// insert returns the versions with one more at its place.
func (o *Object) insert(version *Object) *Object {
	if o == nil || o.Sequence < version.Sequence {
		version.older = o
		return version
	}
	o.older = o.older.insert(version)
	return o
}

func (d *disk) loadUploads(bucket *Bucket, table *bolt.Bucket, named map[string]bool) error {
	return table.ForEach(func(key, value []byte) error {
		id, _, isPart := bytes.Cut(key, []byte("/"))
		if !isPart { // comes before its parts
			var record uploadRecord
			if err := readRecord(key, value, &record); err != nil {
				return fmt.Errorf("upload %q: %w", key, err)
			}
			record.ID, record.UploadInfo.Key = string(id), string(record.Key)
			bucket.uploads[string(id)] = &upload{UploadInfo: record.UploadInfo, parts: map[int]part{}}
			return nil
		}
		var record partRecord
		if err := readRecord(key, value, &record); err != nil {
			return fmt.Errorf("part %q of an upload: %w", key, err)
		}
		u := bucket.uploads[string(id)]
		if u == nil {
			return fmt.Errorf("part %q belongs to no upload", key)
		}
		named[record.Blob] = true
		u.parts[record.Number] = part{record.PartInfo, d.blob(record.Blob)}
		return nil
	})
}
