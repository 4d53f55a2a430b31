package target

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

const (
	firstID  = "899c89f9-90c3-c633-8586-8f09b005ebed"
	secondID = "0f7c1a52-3d6e-4b2a-9c1d-5e8f7a6b4c3d"
)

// serving returns a set with one server whose list of instances is text, and a
// count of the requests that it got.
func serving(t *testing.T, text string) (*Set, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	return newSet(t, (&net.Dialer{}).DialContext, server.URL), &asked
}

func instance(id, name string, running bool) string {
	return fmt.Sprintf(`{"instanceId":%q,"displayName":"%s","running":%t}`, id, name, running)
}

func listOf(instances ...string) string {
	return `{"instances":[` + strings.Join(instances, ",") + `]}`
}

func namesOf(targets []*Target) (list []string) {
	for _, t := range targets {
		list = append(list, t.Instance.Name)
	}
	return list
}

// nfd is "Gate Süd" with the diaeresis as a character of its own, as some file
// systems write it.
const nfd = "Gate Su\u0308d"

func TestResolve(t *testing.T) {
	list := listOf(instance(firstID, "Gate", true), instance(secondID, "Dock/2", false), instance("c", nfd, true),
		instance("d", "Dock", true), instance("e", "Dock", true))
	for _, tc := range []struct {
		args  string // with | between them
		names string
		asked int32
	}{
		{"", "Gate|" + nfd + "|Dock|Dock@HOST", 1},
		{"gate", "Gate", 1},
		{"GATE|gate", "Gate", 1},
		{firstID, firstID, 0},
		{strings.ToUpper(firstID), strings.ToUpper(firstID), 0},
		{"Gate S\u00fcd", nfd, 1},
		{"gate s\u00fc*", nfd, 1},
		{nfd, nfd, 1},
		{"gate*", "Gate|" + nfd, 1},
		{"d*2", "Dock/2", 1},
		{"Dock", "Dock|Dock@HOST", 1},
		{"north", "north", 0},
		{"http://nvr9/v1/core/instance/" + firstID + "/consume_events_sse?events=track,crop", firstID, 0},
	} {
		set, asked := serving(t, list)
		set.o.Named = []config.Named{{Name: "North", ID: secondID}}
		var args []string
		if tc.args != "" {
			args = strings.Split(tc.args, "|")
		}
		targets, err := set.Resolve(t.Context(), args)
		host := strings.TrimPrefix(set.o.Servers[0].Server(), "http://")
		got := strings.ReplaceAll(strings.Join(namesOf(targets), "|"), host, "HOST")
		if err != nil || !strings.EqualFold(got, tc.names) || asked.Load() != tc.asked {
			t.Errorf("%q: %q after %d requests, %v; want %q after %d", tc.args, got, asked.Load(), err, tc.names, tc.asked)
		}
	}
}

func TestNotFoundNamesClosest(t *testing.T) {
	few := listOf(instance(firstID, "Front gate", true), instance(secondID, "Dock", false))
	var many []string
	for i := range 9 {
		many = append(many, instance(fmt.Sprint("id-", i), fmt.Sprintf("Camera %c%c", 'A'+i, 'A'+i), true))
	}
	for _, tc := range []struct{ list, arg, want string }{
		{few, "front", `no instance "front" on SERVER; did you mean "Front gate"?`},
		{few, "dokc", `no instance "dokc" on SERVER; did you mean "Dock"?`},
		{few, "899c", `no instance "899c" on SERVER; did you mean "` + firstID + `"?`},
		{few, "\x1b[2J", "no instance \"\x1b[2J\" on SERVER; it has \"Dock\", \"Front gate\""}, // not yet safe to print
		{few, "xyz", `no instance "xyz" on SERVER; it has "Dock", "Front gate"`},
		{listOf(many...), "xyz", `no instance "xyz" on SERVER`},
		{listOf(many...), "camera",
			`no instance "camera" on SERVER; did you mean "Camera AA" or "Camera BB" or "Camera CC"?`},
		{listOf(), "gate", `no instance "gate" on SERVER`},
		{listOf(instance("a", "Dock", false)), "", `no instance is running on SERVER; it has "Dock"`},
	} {
		set, _ := serving(t, tc.list)
		var args []string
		if tc.arg != "" {
			args = []string{tc.arg}
		}
		_, err := set.Resolve(t.Context(), args)
		if err == nil || strings.ReplaceAll(err.Error(), set.Servers(), "SERVER") != tc.want {
			t.Errorf("%q: %v\nwant %s", tc.arg, err, tc.want)
		}
	}
}

func TestHasTypes(t *testing.T) {
	for arg, want := range map[string]bool{
		"http://nvr9/v1/core/instance/a/consume_events_sse?events=track": true,
		"http://nvr9/v1/core/instance/a/consume_events_sse?x=events":     false,
		"http://nvr9/v1/core/instance/a":                                 false, "events=track": false,
	} {
		if HasTypes(arg) != want {
			t.Errorf("%s: %v", arg, !want)
		}
	}
}

func TestNamedInstanceErrorsNameLine(t *testing.T) {
	set, _ := serving(t, listOf())
	set.o.Named = []config.Named{
		{Name: "gate", ID: firstID, Server: "ftp://nvr1", Place: "rtev.yaml:4"},
		{Name: "yard", ID: secondID, Place: "rtev.yaml:5"},
	}
	set.o.Servers = append(set.o.Servers, set.o.Servers[0])
	for arg, want := range map[string]string{
		"gate": `rtev.yaml:4: instance "gate": bad server URL "ftp://nvr1"`,
		"yard": `rtev.yaml:5: instance "yard": no instance "` + secondID + `" on `,
	} {
		if _, err := set.Resolve(t.Context(), []string{arg}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", arg, err, want)
		}
	}
}

// update with the list of a server, as Follow does.
func TestRecreatedInstanceKeepsName(t *testing.T) {
	set, _ := serving(t, listOf(instance("a", "Gate", true), instance("b", "Dock", true)))
	targets, err := set.Resolve(t.Context(), []string{"gate*", secondID})
	if err != nil || len(targets) != 2 {
		t.Fatalf("%v, %v", targets, err)
	}
	var stopped, joined []string
	for _, x := range targets {
		x.Stop = func() { stopped = append(stopped, x.Instance.ID) }
	}
	join := func(x *Target) {
		joined = append(joined, x.Instance.ID+" "+x.Instance.Name)
		x.Stop = func() { stopped = append(stopped, x.Instance.ID) }
	}
	for i := range 100 {
		id := fmt.Sprint("a", i)
		set.update(set.o.Servers[0], []rtapi.Instance{{ID: id, Name: "Gate"}, {ID: "b", Name: "Dock"}}, join)
		if want := id + " Gate"; len(joined) != i+1 || joined[i] != want {
			t.Fatalf("joined %q, want %q last", joined, want)
		}
	}
	if len(stopped) != 100 || stopped[0] != "a" || stopped[99] != "a98" {
		t.Errorf("stopped %q", stopped)
	}
	if len(set.targets) != 2 { // the last gate, and the one named by its id
		t.Errorf("the set has grown to %d", len(set.targets))
	}
}

func TestUnreachedServers(t *testing.T) {
	set, _ := serving(t, listOf(instance("a", "Gate", true)))
	far := newSet(t, (&net.Dialer{}).DialContext, "127.0.0.1:1")
	set.o.Servers = append(set.o.Servers, far.o.Servers...)
	targets, err := set.Resolve(t.Context(), []string{"gate"})
	if err != nil || len(targets) != 1 || len(set.Unreached()) != 1 || !set.Follows() {
		t.Errorf("%v, %v, %v", targets, err, set.Unreached())
	}
	if _, err := far.Resolve(t.Context(), []string{"gate"}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("no server reached: %v", err)
	}
}

func TestRecordedCopiesNames(t *testing.T) {
	met := 0
	locate := Recorded([]config.Named{{Name: "north", ID: strings.ToUpper(firstID)}}, func(*event.Instance) { met++ })
	if in := locate(firstID); in.Name != "north" || in != locate(firstID) {
		t.Errorf("%+v", in)
	}
	for i := range mostRecorded {
		id := fmt.Appendf(nil, "instance-%05d", i)
		in := locate(unsafe.String(&id[0], len(id)))
		copy(id, "overwritten-----")
		if want := fmt.Sprintf("instance-%05d", i); in.ID != want || in.Name != want {
			t.Fatalf("located %q, %q, want %q", in.ID, in.Name, want)
		}
	}
	late := locate("late")
	if met != mostRecorded || late == locate("late") {
		t.Errorf("%d found; one more is remembered", met)
	}
}

// Names of the config file are compared in NFC, like display names.
func TestNamedInstanceInAnyNormalForm(t *testing.T) {
	for _, name := range []string{"Tür", "Tu\u0308r"} {
		for _, arg := range []string{"tür", "TU\u0308R"} {
			set := New(Options{Named: []config.Named{{Name: name, ID: firstID, Server: "http://nvr1:3546"}},
				Open: func(server string, _ bool) (*rtapi.Client, error) { return rtapi.New(rtapi.Options{Server: server}) }})
			list, err := set.Resolve(t.Context(), []string{arg})
			if err != nil || len(list) != 1 || list[0].Instance.ID != firstID {
				t.Errorf("%q for %q: %v, %v", arg, name, list, err)
			}
		}
	}
}
