package kernel

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestIdentity(t *testing.T) {
	id, err := openFixture(t, 4242).Identity()
	if err != nil {
		t.Fatal(err)
	}
	id.Up = 0 // of this machine's clock
	want := Identity{PID: 4242, Comm: "server", Exe: "/opt/bin/server", UID: 1000, StartTicks: 987654}
	if id != want {
		t.Errorf("Identity =\n%+v, want\n%+v", id, want)
	}
}

func TestIdentityOfThisProcess(t *testing.T) {
	id, err := openSelf(t, Options{}).Identity()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if id.Exe != exe || int(id.UID) != os.Getuid() || id.Up < 0 || id.Up > time.Hour {
		t.Errorf("Identity %+v, want exe %s, uid %d, up less than an hour", id, exe, os.Getuid())
	}
}

func TestStartTellsProcessesApart(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip("no sleep command: ", err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	p, err := Default().Open(cmd.Process.Pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	child, err := p.Identity()
	if err != nil {
		t.Fatal(err)
	}
	self, err := openSelf(t, Options{}).Identity()
	if err != nil {
		t.Fatal(err)
	}
	if child.StartTicks < self.StartTicks || child.Up > self.Up {
		t.Errorf("child %+v started before its parent %+v", child, self)
	}
}
