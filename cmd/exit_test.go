package cmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
)

func TestWhoNamedNoServerIsToldHow(t *testing.T) {
	for server, want := range map[string]bool{config.DefaultServer: true, "http://nvr1:3546": false} {
		end := status(&rtapi.UnreachableError{URL: server, Err: errors.New("connection refused")})
		if end.code != exitUnreachable || strings.Contains(end.say, "-s SERVER, or --demo") != want {
			t.Errorf("%s: %+v", server, end)
		}
	}
}
