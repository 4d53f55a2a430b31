package poll

import "sync"

// Unwritten saves events that a sink took and then could not deliver, in an
// unwritten file that is created with the first of them. Safe for concurrent
// use.
type Unwritten struct {
	mu   sync.Mutex
	file *unwritten
}

// NewUnwritten tries the directories in order and creates them when missing.
// id becomes a part of the file's name.
func NewUnwritten(dirs []string, id string) *Unwritten {
	return &Unwritten{file: newUnwritten(dirs, id)}
}

// Save appends a payload, writes it through to the disk and returns the file's
// name. The error is a *LostError.
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
