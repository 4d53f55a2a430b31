package poll

import "sync"

// Unwritten saves events that a sink accepted and then could not deliver. It
// creates the unwritten file with the first of them. It is safe for concurrent
// use.
type Unwritten struct {
	mu   sync.Mutex
	file *unwritten
}

// NewUnwritten returns an Unwritten that tries the directories in order and
// creates them when missing. id becomes part of the file's name.
func NewUnwritten(dirs []string, id string) *Unwritten {
	return &Unwritten{file: newUnwritten(dirs, id)}
}

// Save appends a payload, syncs the file and returns its name. The error is a
// *LostError.
func (w *Unwritten) Save(payload []byte) (file string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file.addEvent(payload)
	if err := w.file.sync(); err != nil {
		return "", err
	}
	return w.file.paths[len(w.file.paths)-1], nil
}

// Close closes the file.
func (w *Unwritten) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file.closeFile()
}
