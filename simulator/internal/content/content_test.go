package content

import "testing"

func TestIdentity(t *testing.T) {
	hello := Of([]byte("hello"))
	for name, different := range map[string]Identity{
		"empty": Empty, "one more write": hello.Written([]byte("x")), "the same again": hello.Written([]byte("hello")),
		"two writes of the same bytes": Of([]byte("hel")).Written([]byte("lo")), "an empty write": hello.Written(nil),
	} {
		if different == hello {
			t.Errorf("%s is not told apart", name)
		}
	}
	if Empty.Written([]byte("hello")) != hello || Of(nil) != Empty {
		t.Error("the same writes give different identities")
	}
}
