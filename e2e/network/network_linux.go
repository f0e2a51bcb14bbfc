package network

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	bridge  = "hosts"
	gateway = "10.199.0.1"
	// hostAddress is that of a host, by its number.
	hostAddress = "10.199.0.%d"
	// inside is the variable of a process in a network of its own: "try" in one that only shows that there can be one.
	inside = "VELERO_LOCATIONS_E2E_NETWORK"
)

// errMissing is why there is no network of the tests' own.
var errMissing = errors.New("the tests were not begun by network.Main")

// Missing says why there is no network of the tests' own.
func Missing() error { return errMissing }

// Main runs the tests of a package in a network of their own, or, where there cannot be one, in the machine's, and returns the exit code.
func Main(m *testing.M) int {
	switch os.Getenv(inside) {
	case "":
		if output, err := again("try").CombinedOutput(); err != nil {
			errMissing = fmt.Errorf("this machine does not let tests have a network of their own: %w: %s", err, strings.TrimSpace(string(output)))
			return m.Run()
		}
		tests := again("run")
		tests.Stdin, tests.Stdout, tests.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := tests.Run(); err != nil && tests.ProcessState == nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return tests.ProcessState.ExitCode()
	case "try":
		if err := enter(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	if errMissing = enter(); errMissing != nil {
		_, _ = fmt.Fprintln(os.Stderr, errMissing)
		return 1
	}
	return m.Run()
}

// again is this process in namespaces of its own, where it is root.
func again(what string) *exec.Cmd {
	runtime.LockOSThread()                                    // with whose end the other process would be killed
	command := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:gosec,noctx // this program
	command.Env = append(os.Environ(), inside+"="+what)
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	return command
}

// enter sets up what is empty at first: loopback, and a bridge that hosts are connected to.
func enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts from others: %w", err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("looking for loopback: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("setting up loopback: %w", err)
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridge
	link := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("adding a bridge: %w", err)
	}
	return setUp(&netlink.Handle{}, link, gateway)
}

// setUp gives a link an address.
func setUp(handle *netlink.Handle, link netlink.Link, address string) error {
	parsed, err := netlink.ParseAddr(address + "/24")
	if err != nil {
		return err
	}
	if err := handle.AddrAdd(link, parsed); err != nil {
		return fmt.Errorf("giving %s address %s: %w", link.Attrs().Name, address, err)
	}
	if err := handle.LinkSetUp(link); err != nil {
		return fmt.Errorf("setting up %s: %w", link.Attrs().Name, err)
	}
	return nil
}

// away is a network namespace with a cable to the bridge.
type away struct {
	namespace netns.NsHandle
	cable     netlink.Link // its end at the bridge
}

var hosts atomic.Int32

func newAway() (*away, string, error) {
	number := hosts.Add(1) + 1 // that of the gateway is 1
	a, address := &away{}, fmt.Sprintf(hostAddress, number)
	return a, address, a.connect(fmt.Sprintf("host%d", number), address)
}

func (a *away) close() { _ = a.namespace.Close() }

func (a *away) connect(cable, address string) error {
	if err := a.unshare(); err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = cable
	link := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(a.namespace)}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("adding a cable: %w", err)
	}
	a.cable = link
	if err := errors.Join(a.join(), netlink.LinkSetUp(link)); err != nil {
		return fmt.Errorf("connecting a cable: %w", err)
	}
	handle, err := netlink.NewHandleAt(a.namespace)
	if err != nil {
		return err
	}
	defer handle.Close()
	for name, address := range map[string]string{"lo": "", "eth0": address} {
		link, err := handle.LinkByName(name)
		if err != nil {
			return fmt.Errorf("looking for %s: %w", name, err)
		}
		if address == "" {
			err = handle.LinkSetUp(link)
		} else {
			err = setUp(handle, link, address)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unshare makes the namespace.
func (a *away) unshare() error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer func() { _ = home.Close() }()
	if a.namespace, err = netns.New(); err != nil {
		return fmt.Errorf("making a network namespace: %w", err)
	}
	if err := netns.Set(home); err != nil {
		return err // the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return nil
}

func (a *away) do(tb testing.TB, begin func()) {
	tb.Helper()
	runtime.LockOSThread()
	home, err := netns.Get()
	if err == nil {
		err = netns.Set(a.namespace)
	}
	if err != nil {
		tb.Fatal(err) // the thread ends with its goroutine
	}
	// Not later: what begin fails may end this goroutine, and its thread with it.
	begin()
	if err := errors.Join(netns.Set(home), home.Close()); err != nil {
		tb.Fatal(err)
	}
	runtime.UnlockOSThread()
}

func (a *away) join() error {
	link, err := netlink.LinkByName(bridge)
	if err != nil {
		return err
	}
	return netlink.LinkSetMaster(a.cable, link)
}

func (a *away) cut() error { return netlink.LinkSetNoMaster(a.cable) }

// Disk makes a directory a file system of a size in bytes, until the test ends.
func Disk(tb testing.TB, dir string, size int) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		tb.Fatalf("making %s a small disk: %v", dir, err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
}
