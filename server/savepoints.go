package server

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// savePoint is one pair of Redis's parameter save: the server saves when there are so many changes and the last save
// began longer ago than so many seconds.
type savePoint struct{ seconds, changes int64 }

// savePoints are the pairs that CONFIG SET save gave; there are none at the start.
type savePoints struct{ list atomic.Pointer[[]savePoint] }

// retrySave is how long after a save that failed the next begins, unless a client asks for one.
const retrySave = 5 * time.Second

// applySavePoints follows a change of save, which parseSavePoints has accepted.
func applySavePoints(s *Server, text string) error {
	words := strings.Fields(text)
	var list []savePoint
	for ; len(words) > 0; words = words[2:] {
		list = append(list, savePoint{atoi(words[0]), atoi(words[1])})
	}
	s.savePoints.list.Store(&list)
	return nil
}

// reached returns the first pair of which there are as many changes and seconds; ok is false if there is none.
func (p *savePoints) reached(changes, seconds int64) (at savePoint, ok bool) {
	list := p.list.Load()
	if list == nil {
		return at, false
	}
	i := slices.IndexFunc(*list, func(x savePoint) bool { return changes >= x.changes && seconds > x.seconds })
	if i < 0 {
		return at, false
	}
	return (*list)[i], true
}

// saveAfterChanges begins a save if it is time for one. It is called once a second.
func (s *Server) saveAfterChanges(now time.Time) {
	if s.loading.Load() || s.params.dbFilename() == "" {
		return
	}
	began, free := s.persist.since(now)
	at, ok := s.savePoints.reached(s.store.Dirty(), int64(now.Sub(began).Seconds()))
	if !ok || !free {
		return
	}
	s.log.Info(fmt.Sprintf("%d changes in %d seconds. Saving...", at.changes, at.seconds))
	s.work.Go(s.persist.scheduled)
}

// since returns when the last successful save began, and whether another may begin: none is running, and the last has not
// failed just now.
func (p *persister) since(now time.Time) (began time.Time, free bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lastSave, !p.running && (p.failure == "" || now.Sub(p.failedAt) > retrySave)
}
