package apiserver

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	baseversion "k8s.io/component-base/version"
)

// componentVersion is the version of this server as --emulated-version knows it.
const componentVersion = "0.1"

// newComponents registers this server, and the Kubernetes release whose API machinery it is made of, as
// components whose versions and feature gates can be set by flags. A server emulates the newest release
// that it knows unless it is told otherwise.
func newComponents() (basecompatibility.ComponentGlobalsRegistry, error) {
	components := basecompatibility.NewComponentGlobalsRegistry()
	own := basecompatibility.NewEffectiveVersionFromString(componentVersion, "", "")
	gate := featuregate.NewVersionedFeatureGate(version.MustParseGeneric(componentVersion))
	if err := components.Register(Name, own, gate); err != nil {
		return nil, fmt.Errorf("registering the server's version: %w", err)
	}
	kube := basecompatibility.NewEffectiveVersionFromString(baseversion.DefaultKubeBinaryVersion, "", "")
	if err := components.Register(basecompatibility.DefaultKubeComponent, kube, utilfeature.DefaultMutableFeatureGate); err != nil {
		return nil, fmt.Errorf("registering the version of Kubernetes: %w", err)
	}
	return components, nil
}

// SetDefaultVersion is SetVersion for a server without flags: the newest release that it knows.
func (c *Config) SetDefaultVersion() error {
	components, err := newComponents()
	if err != nil {
		return err
	}
	if err := components.Set(); err != nil {
		return fmt.Errorf("setting versions and feature gates: %w", err)
	}
	c.SetVersion(components)
	return nil
}

// SetVersion gives a config the Kubernetes release and the feature gates that its parts go by.
func (c *Config) SetVersion(components basecompatibility.ComponentGlobalsRegistry) {
	c.Generic.EffectiveVersion = components.EffectiveVersionFor(basecompatibility.DefaultKubeComponent)
	c.Generic.FeatureGate = components.FeatureGateFor(basecompatibility.DefaultKubeComponent)
}
