package simulator

import (
	"bytes"
	"fmt"
	"strconv"
)

// framing says how records are written into a response.
type framing struct {
	open, shut string
	record     framer
}

// framer appends one record; first means that it is the first one.
type framer func(dst []byte, id int, typ string, payload []byte, first bool) []byte

// framing returns the framing of a stream (live) or a polling response.
func (s *effects) framing(live bool) framing {
	switch {
	case !live && s.legacy:
		return framing{"[", "]", wrapped("type", "object", ",", "", "")}
	case !live:
		return framing{"[", "]", wrapped("dataType", "jsonObject", ",", "", "")}
	}
	f := framing{record: sse}
	if s.legacy {
		f.record = wrapped("type", "object", "", "[", "]\n")
	}
	if s.bom {
		f.open = "\ufeff"
	}
	plain := f.record
	if s.comments {
		f.record = func(dst []byte, id int, typ string, payload []byte, first bool) []byte {
			head, rest, _ := bytes.Cut(plain(nil, id, typ, payload, first), []byte("\n"))
			dst = append(append(append(dst, ": made up\n"...), head...), '\n')
			if len(rest) > 0 { // also inside the record
				dst = append(append(dst, ":\n"...), rest...)
			}
			return dst
		}
	}
	if record := f.record; s.crlf {
		f.record = func(dst []byte, id int, typ string, payload []byte, first bool) []byte {
			return append(dst, bytes.ReplaceAll(record(nil, id, typ, payload, first), []byte("\n"), []byte("\r\n"))...)
		}
	}
	return f
}

// sse frames a record as current servers do.
func sse(dst []byte, id int, typ string, payload []byte, _ bool) []byte {
	dst = strconv.AppendInt(append(dst, "id: "...), int64(id), 10)
	dst = append(append(dst, "\nevent: "...), typ...)
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		dst = append(append(dst, "\ndata: "...), line...)
	}
	return append(dst, "\n\n"...)
}

// wrapped returns a framer that writes objects of two keys: with separator
// before all but the first, between open and shut.
func wrapped(typeKey, objectKey, separator, open, shut string) framer {
	return func(dst []byte, _ int, typ string, payload []byte, first bool) []byte {
		if !first {
			dst = append(dst, separator...)
		}
		object := fmt.Sprintf(`{"%s":%s,"%s":%s}`, typeKey, marshal(typ), objectKey, marshal(string(payload)))
		return append(append(append(dst, open...), object...), shut...)
	}
}
