package picture

import "sync"

// Store holds the newest picture of every id. It is safe for concurrent use. The zero value is ready.
type Store struct {
	mu   sync.RWMutex
	pics map[int]*Picture
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{} }

// Publish makes p the picture of the id; nil forgets it. Ids are 1 to MaxID and name a place on a screen
// (the samples of Train), not a frame.
func (s *Store) Publish(id int, p *Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == nil {
		delete(s.pics, id)
		return
	}
	if s.pics == nil {
		s.pics = map[int]*Picture{}
	}
	s.pics[id] = p
}

// Get returns the newest picture of the id, or nil.
func (s *Store) Get(id int) *Picture {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pics[id]
}
