// Command pause holds the namespaces of a pod open until the pod ends.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Of children that are left to it where containers share processes, the kernel then leaves no zombies.
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
