package locations

import "fmt"

// Count tells a number of things, as in "1 item" and "2 items". The noun is one whose plural ends in s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
