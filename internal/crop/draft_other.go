//go:build !linux

package crop

import "errors"

// newUnnamed is for systems that have files without a name.
func newUnnamed(*folder, string, []byte) (draft, error) { return nil, errors.ErrUnsupported }
