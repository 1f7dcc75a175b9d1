package launch

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// User is who the command runs as; nil is whoever runs whyres.
type User struct {
	name, home string
	uid, gid   uint32
	groups     []uint32
}

// Invoking is the user who called sudo, nil if that is not how whyres was
// called. Getenv looks up the variables that sudo sets.
func Invoking(euid int, getenv func(string) string) (*User, error) {
	id := getenv("SUDO_UID")
	if euid != 0 || id == "" || id == "0" {
		return nil, nil
	}
	u, err := user.LookupId(id)
	if err != nil {
		return nil, fmt.Errorf("SUDO_UID is %q, but who is that? %w", id, err)
	}
	return from(u)
}

func from(u *user.User) (*User, error) {
	out := &User{name: u.Username, home: u.HomeDir}
	groups, err := u.GroupIds()
	if err != nil {
		groups = []string{u.Gid}
	}
	for _, field := range []struct {
		text string
		into *uint32
	}{{u.Uid, &out.uid}, {u.Gid, &out.gid}} {
		if *field.into, err = number(field.text); err != nil {
			return nil, err
		}
	}
	for _, text := range groups {
		g, err := number(text)
		if err != nil {
			return nil, err
		}
		out.groups = append(out.groups, g)
	}
	return out, nil
}

func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("user or group id %q: %w", text, err)
	}
	return uint32(n), nil
}

// IDs are the user's and the group's number.
func (u *User) IDs() (uid, gid int) { return int(u.uid), int(u.gid) }

func (u *User) credential() *syscall.Credential {
	if u == nil {
		return nil
	}
	return &syscall.Credential{Uid: u.uid, Gid: u.gid, Groups: u.groups}
}

// Apply has a command that is not traced run as the user too, in a process group of
// its own, with own added to its environment.
func (u *User) Apply(cmd *exec.Cmd, own ...string) {
	cmd.Env = with(u.environ(os.Environ()), own)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM, Credential: u.credential()}
}

// with is env and own, which comes in place of what has the same names; but GODEBUG
// is a list of settings, of which own has in place of the same ones alone.
func with(env, own []string) []string {
	own = slices.Clone(own)
	for i, o := range own {
		if settings, found := strings.CutPrefix(o, godebug); found {
			own[i] = godebug + mergeGodebug(inherited(env), settings)
		}
	}
	out := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		key, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, key+"=") })
	})
	return append(out, own...)
}

const godebug = "GODEBUG="

// inherited is the value of GODEBUG: of several the first, as for Go.
func inherited(env []string) string {
	for _, v := range env {
		if settings, found := strings.CutPrefix(v, godebug); found {
			return settings
		}
	}
	return ""
}

// mergeGodebug is both lists, without what of the first the second sets too.
func mergeGodebug(old, own string) string {
	set := map[string]bool{"": true}
	for setting := range strings.SplitSeq(own, ",") {
		key, _, _ := strings.Cut(setting, "=")
		set[key] = true
	}
	var out []string
	for setting := range strings.SplitSeq(old, ",") {
		if key, _, _ := strings.Cut(setting, "="); !set[key] {
			out = append(out, setting)
		}
	}
	return strings.Join(append(out, own), ",")
}

// environ is env with the user's own home and name in place of root's.
func (u *User) environ(env []string) []string {
	if u == nil {
		return env
	}
	own := map[string]string{"HOME": u.home, "USER": u.name, "LOGNAME": u.name}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		key, _, _ := strings.Cut(v, "=")
		_, ok := own[key]
		return ok || strings.HasPrefix(key, "SUDO_")
	})
	for _, key := range []string{"HOME", "USER", "LOGNAME"} {
		env = append(env, key+"="+own[key])
	}
	return env
}
