package event

import (
	"runtime"
	"strings"
	"testing"
)

func TestExpensivePathsAreRefused(t *testing.T) {
	for path, want := range map[string]string{
		"@pretty": "@pretty", "a.@pretty:{\"indent\":\"x\"}": "@pretty", "x=@dig": "@dig", "a|@dig:b": "@dig",
		"@flatten:{\"deep\":true}": "@flatten", "@this|@flatten:x": "@flatten",
		"#(@pretty)": "@pretty", "#( @valid)#": "@valid", "[a,@reverse]": "@reverse", "{\"n\":@tostr}": "@tostr",
		"a\".@pretty.\"": "@pretty", "@this:\\|@pretty": "@pretty", "@group": "@group",
		"a.#.@join": "@join", "@fromstr": "@fromstr", "[@this,@this]|[@this,@this]": "multipath",
		"[[@this,@this]|{a}]": "multipath", "[a,[b,c]]": "multipath", "a.{b,c}.[0,1]": "multipath",
		"_ref.@pretty": "@pretty",
	} {
		if _, err := ParsePath(path); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want something with %q", path, err, want)
		}
	}
	for _, path := range []string{`a\@pretty`, "@prettyx", "user@example", "@this", "a.@keys.#", "@flatten",
		"[a,b]", "{a,\"b\":c.d}.b", "a.#(b==\"[x]\").c", "a.[b].#", "!\"@keys\""} {
		if _, err := ParsePath(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// expensive returns payloads of about size bytes that cost much.
func expensive(size int) map[string]string {
	fill := func(open, part, end string) string {
		return open + strings.TrimSuffix(strings.Repeat(part, size/len(part)), ",") + end
	}
	return map[string]string{
		"numbers": fill(`{"a":[`, `1,`, `]}`), "arrays": fill(`{"a":[`, `[],`, `]}`),
		"objects": fill(`{"a":[`, `{"a":1},`, `]}`), "members": fill(`{`, `"a":1,`, `}`),
		"escapes":      fill(`{"a":["`, `\\`, `"]}`),
		"deep arrays":  `{"a":` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2) + "}",
		"deep objects": strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6),
	}
}

// TestDeepPayloadsDoNotExhaustTheStack looks paths up a million levels deep. A
// stack overflow would end the test binary.
func TestDeepPayloadsDoNotExhaustTheStack(t *testing.T) {
	for name, payload := range expensive(6 << 20) {
		if !strings.HasPrefix(name, "deep") {
			continue
		}
		e, err := New("track", []byte(payload), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range fuzzPaths {
			p := MustPath(text)
			for range Elements(p.Of(e)) {
				break
			}
		}
	}
}

// allocated returns the bytes that a look-up allocates.
func allocated(t testing.TB, payload, path string) uint64 {
	p, err := ParsePath(path)
	if err != nil {
		return 0
	}
	e, err := New("track", []byte(payload), nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p.Of(e)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// costs checks that eight times the payload takes at most twelve times the
// memory, and that a byte takes no more than a few hundred.
func costs(t *testing.T, path string) {
	t.Helper()
	const size = 16 << 10
	large := expensive(8 * size)
	for name, payload := range expensive(size) {
		few, many := allocated(t, payload, path), allocated(t, large[name], path)
		parts := uint64(1 + strings.Count(path, ",") + strings.Count(path, "#"))
		if many > 12*few+64<<10 || many > 300*parts*uint64(len(large[name])) {
			t.Errorf("%s of %s: %d bytes for %d, %d for %d", path, name, few, len(payload), many, len(large[name]))
		}
	}
}

func TestPathCostsAreProportional(t *testing.T) {
	for _, path := range append(fuzzPaths, "#.#.a", "a.#.#.a", "a.#.[a]", "a.#.@keys", "[@this,@this,@this]",
		"@keys|@keys|@keys|@keys", "a.#(#(#>0)#)#", "@flatten|@flatten|@ugly|@values") {
		costs(t, path)
	}
}

func FuzzPathCost(f *testing.F) {
	for _, path := range fuzzPaths {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if len(path) < 200 {
			costs(t, path)
		}
	})
}
