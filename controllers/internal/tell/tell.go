// Package tell tells, in events, how backups and restores go.
package tell

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	events "k8s.io/client-go/tools/record"
)

// Event sends an event of a kind about an object, for a reason, such as its phase. A message that is longer than an API takes is cut.
// Without a recorder nobody wants to hear of it.
func Event(to events.EventRecorder, object runtime.Object, kind, reason, message string) {
	if to == nil {
		return
	}
	const longest = 1000 // an API takes 1024 bytes
	if len(message) > longest {
		message = strings.ToValidUTF8(message[:longest], "") + "..."
	}
	to.Event(object, kind, reason, message)
}
