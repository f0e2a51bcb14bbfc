package store

import (
	"encoding/json"

	bolt "go.etcd.io/bbolt"
)

// replace makes all tables anew in one transaction. The contents that nothing names are removed then, as at a start.
func (d *disk) replace(by map[bucketID]*Bucket) error {
	var held []blob
	for _, bucket := range by {
		held = append(held, bucket.contents()...)
	}
	err := d.commits.now(func(tx *bolt.Tx) error {
		for _, table := range tables {
			if err := tx.DeleteBucket(table); err != nil {
				return err
			}
			if _, err := tx.CreateBucket(table); err != nil {
				return err
			}
		}
		for _, bucket := range by {
			if err := bucket.storeIn(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, content := range held {
		contentStored(content)
		named[content.name()] = true
	}
	if orphans, _, err := d.orphans(named); err == nil {
		_ = d.removeFiles(orphans) // what stays goes at the next start: the change has happened
	}
	return nil
}

// storeIn puts all that a bucket holds into the index.
func (b *Bucket) storeIn(tx *bolt.Tx) error {
	record, err := json.Marshal(bucketRecord{b.info, b.Settings()})
	if err != nil {
		return err
	}
	if err := storeBucket(tx, b.info, record); err != nil {
		return err
	}
	versions, uploads := tx.Bucket(versionsTable).Bucket(tableName(b.info)), tx.Bucket(uploadsTable).Bucket(tableName(b.info))
	b.objects().Ascend(func(e entry) bool {
		for o := e.latest; o != nil && err == nil; o = o.older {
			err = storeRecord(versions, versionKey(o), o, o.content)
		}
		return err == nil
	})
	for id, u := range b.uploads {
		if err == nil {
			err = storeRecord(uploads, []byte(id), uploadRecord{u.UploadInfo, []byte(u.Key)}, nil)
		}
		for _, p := range u.parts {
			if err == nil {
				err = storeRecord(uploads, partKey(id, p.Number), partRecord{p.PartInfo, p.content.name()}, p.content)
			}
		}
	}
	return err
}

func storeRecord(table *bolt.Bucket, key []byte, record any, content blob) error {
	value, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if err := storeContent(table.Tx(), content); err != nil {
		return err
	}
	return putRecord(table, key, value)
}

// contents are those of all that the bucket holds.
func (b *Bucket) contents() []blob {
	var out []blob
	b.objects().Ascend(func(e entry) bool {
		for o := e.latest; o != nil; o = o.older {
			if o.content != nil {
				out = append(out, o.content)
			}
		}
		return true
	})
	for _, u := range b.uploads {
		for _, p := range u.parts {
			out = append(out, p.content)
		}
	}
	return out
}
