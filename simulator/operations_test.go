package simulator

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// TestFaultsAreAboutOperations shows that faults can be about what each service does, and about nothing else, wherever they come from.
func TestFaultsAreAboutOperations(t *testing.T) {
	rule := func(operation string) faults.Rule {
		return faults.Rule{Match: faults.Match{Operations: []string{operation}}, Fault: &faults.Expired{}}
	}
	sim, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	for _, operation := range []string{
		"s3:PutObject", "s3:PostObject", "ec2:DeleteSnapshot", "sts:AssumeRole", "azure:CreateSnapshot", "portworx:CreateCredential",
	} {
		if _, err := sim.Faults().Add(rule(operation)); err != nil {
			t.Error(err)
		}
		if _, err := New(Config{Faults: []faults.Rule{rule(operation + "x")}}); err == nil || !strings.Contains(err.Error(), `faults[0]: match.operations[0]: there is no operation "`+operation+`x": did you mean "`+operation+`"?`) {
			t.Errorf("of the configuration: %v", err)
		}
	}
	if _, err := sim.Faults().Add(rule("sts:Frobnicate")); err == nil || !strings.HasSuffix(err.Error(), `sts has no operation "sts:Frobnicate": choose one of AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity, GetSessionToken`) {
		t.Errorf("got %v", err)
	}
}
