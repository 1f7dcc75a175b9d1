package launch

import (
	"os/user"
	"slices"
	"testing"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestInvoking(t *testing.T) {
	for _, tt := range []struct {
		name string
		euid int
		id   string
		want bool
	}{
		{"root through sudo", 0, "65534", true},
		{"root by itself", 0, "", false},
		{"root through sudo from root", 0, "0", false},
		{"not root", 1000, "65534", false},
	} {
		u, err := Invoking(tt.euid, env(map[string]string{"SUDO_UID": tt.id}))
		if err != nil || (u != nil) != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, u, err)
		}
	}
	if _, err := Invoking(0, env(map[string]string{"SUDO_UID": "no number"})); err == nil {
		t.Error("nobody of that number, but no error")
	}
}

func TestUserIsWhoThePasswordFileSays(t *testing.T) {
	known, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	u, err := from(known)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := u.IDs()
	if uid != 65534 || gid != 65534 {
		t.Errorf("nobody is %d:%d", uid, gid)
	}
	got := u.environ([]string{"HOME=/root", "PATH=/bin", "USER=root", "SUDO_UID=1", "HOMEPAGE=kept"})
	want := []string{"PATH=/bin", "HOMEPAGE=kept", "HOME=" + known.HomeDir, "USER=nobody", "LOGNAME=nobody"}
	if !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
	var none *User
	if got := none.environ([]string{"HOME=/root"}); !slices.Equal(got, []string{"HOME=/root"}) || none.credential() != nil {
		t.Errorf("nobody in particular: %q", got)
	}
}

// Go reads GODEBUG as a list, and of one that is there twice the first.
func TestOwnVariables(t *testing.T) {
	for name, c := range map[string]struct{ env, own, want []string }{
		"replaced":         {[]string{"GOGC=75", "A=1"}, []string{"GOGC=50"}, []string{"A=1", "GOGC=50"}},
		"godebug alone":    {[]string{"A=1"}, []string{"GODEBUG=disablethp=1"}, []string{"A=1", "GODEBUG=disablethp=1"}},
		"godebug of both":  {[]string{"GODEBUG=gctrace=1,asyncpreemptoff=1"}, []string{"GODEBUG=disablethp=1"}, []string{"GODEBUG=gctrace=1,asyncpreemptoff=1,disablethp=1"}},
		"the same setting": {[]string{"GODEBUG=disablethp=0,gctrace=1,disablethp=0"}, []string{"GODEBUG=disablethp=1"}, []string{"GODEBUG=gctrace=1,disablethp=1"}},
		"twice":            {[]string{"GODEBUG=gctrace=1", "GODEBUG=x=2"}, []string{"GODEBUG=disablethp=1"}, []string{"GODEBUG=gctrace=1,disablethp=1"}},
		"empty":            {[]string{"GODEBUG="}, []string{"GODEBUG=disablethp=1"}, []string{"GODEBUG=disablethp=1"}},
		"none of its own":  {[]string{"GODEBUG=gctrace=1"}, nil, []string{"GODEBUG=gctrace=1"}},
	} {
		if got := with(c.env, c.own); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
