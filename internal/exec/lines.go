package exec

import "bytes"

// maxLine is how much of a line is held back until its end has come.
const maxLine = 64 << 10

// lineWriter passes on whole lines, so that lines of commands that run at the
// same time are not mixed. A line of more than 64 KiB is passed on in pieces.
type lineWriter struct {
	pass func(lines []byte) error
	rest []byte // the beginning of a line
}

// Write implements io.Writer.
func (w *lineWriter) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 && len(w.rest)+len(p) > maxLine {
		end = len(p)
	}
	if end > 0 {
		w.rest = append(w.rest, p[:end]...)
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	w.rest = append(w.rest, p[end:]...)
	return len(p), nil
}

// flush passes on what has no line end.
func (w *lineWriter) flush() error {
	if len(w.rest) == 0 {
		return nil
	}
	err := w.pass(w.rest)
	w.rest = w.rest[:0]
	return err
}
