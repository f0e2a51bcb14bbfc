package store

import (
	bolt "go.etcd.io/bbolt"
)

// commits writes changes of the index. Those that arrive while others are on their way to the disk wait for these and
// then go there together, since a transaction of many takes hardly longer than one of one.
type commits struct {
	db *bolt.DB
	// turn is held by the one who writes; waiting by the one who looks at it.
	turn    chan struct{}
	waiting chan []*change
}

// change is a change of the index. When done is closed, err says what became of it.
type change struct {
	do   func(*bolt.Tx) error
	done chan struct{}
	err  error
}

func newCommits(db *bolt.DB) *commits {
	c := &commits{db: db, turn: make(chan struct{}, 1), waiting: make(chan []*change, 1)}
	c.waiting <- nil
	return c
}

// later makes a change together with the next one that is waited for. If the process ends before, it is not made.
func (c *commits) later(do func(*bolt.Tx) error) *change {
	added := &change{do: do, done: make(chan struct{})}
	c.waiting <- append(<-c.waiting, added)
	return added
}

// now makes a change and returns when it is on disk.
func (c *commits) now(do func(*bolt.Tx) error) error {
	own := c.later(do)
	select {
	case <-own.done:
	case c.turn <- struct{}{}:
		batch := <-c.waiting
		c.waiting <- nil
		if len(batch) > 0 { // none is left when this change was made in the turn before
			c.write(batch)
		}
		<-c.turn
	}
	<-own.done
	return own.err
}

// write makes the changes together, or each by itself when one of them fails, so that only that one does.
func (c *commits) write(batch []*change) {
	err := c.db.Update(func(tx *bolt.Tx) error {
		for _, change := range batch {
			if err := change.do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, change := range batch {
		if change.err = err; err != nil && len(batch) > 1 {
			change.err = c.db.Update(change.do)
		}
		close(change.done)
	}
}
