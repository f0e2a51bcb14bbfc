package verbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fieldselectors "k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/release"
)

// versions is what `version` prints.
type versions struct {
	Client release.Release `json:"client"`
	// Server is the version of the controllers, ours or Velero's, that answer in a namespace.
	Server string `json:"serverVersion,omitempty"`
	// Error says why Server is not known.
	Error string `json:"error,omitempty"`
}

// version returns the command that tells the versions of this program and of what answers in the cluster.
func version(c *connection) *cobra.Command {
	clientOnly, timeout, output := false, 5*time.Second, ""
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program, and of the controllers in the cluster",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf(`--output must be json, or be left out: %q is neither`, output)
			}
			found := versions{Client: release.Current()}
			if !clientOnly {
				ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("no controller answered within %s (--timeout)", timeout))
				defer cancel()
				var err error
				if found.Server, err = serverVersion(ctx, c); err != nil {
					found.Error = err.Error()
				}
			}
			return found.print(c, output)
		},
	}
	cmd.Flags().BoolVar(&clientOnly, "client-only", clientOnly, "Ask no server")
	addTimeout(cmd, &timeout, "For how long to wait for the answer of a server")
	cmd.Flags().StringVarP(&output, "output", "o", output, "Format: json, or text if it is left out")
	completeFlag(cmd, "output", "json")
	c.addFlags(cmd.Flags())
	return cmd
}

func (v versions) print(c *connection, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(c.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	}
	commit := v.Client.Commit
	if commit == "" {
		commit = "-"
	}
	fmt.Fprintf(c.Out, "Client:\n\tVersion: %s\n\tGit commit: %s\n\tGo: %s\n\tKubernetes API machinery: %s\n", v.Client.Version, commit, v.Client.GoVersion, v.Client.KubernetesVersion)
	switch {
	case v.Error != "":
		fmt.Fprintf(c.ErrOut, "Server: its version is not known: %s\n", v.Error)
	case v.Server != "":
		fmt.Fprintf(c.Out, "Server:\n\tVersion: %s\n", v.Server)
	}
	return nil
}

// serverVersion asks as Velero's client does: by a request that controllers answer in its status.
func serverVersion(ctx context.Context, c *connection) (string, error) {
	clientset, namespace, err := c.connect()
	if err != nil {
		return "", err
	}
	requests := clientset.VeleroV1().ServerStatusRequests(namespace)
	request, err := requests.Create(ctx, &v1.ServerStatusRequest{ObjectMeta: metav1.ObjectMeta{GenerateName: "velero-cli-"}}, metav1.CreateOptions{})
	if err != nil {
		return "", explain(ctx, err)
	}
	defer func() { // one that stays is deleted by those who answer
		_ = requests.Delete(context.WithoutCancel(ctx), request.Name, metav1.DeleteOptions{})
	}()
	watcher, err := requests.Watch(ctx, metav1.ListOptions{
		FieldSelector: fieldselectors.OneTermEqualSelector("metadata.name", request.Name).String(), ResourceVersion: request.ResourceVersion,
	})
	if err != nil {
		return "", explain(ctx, err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if answer, ok := event.Object.(*v1.ServerStatusRequest); ok && answer.Status.Phase == v1.ServerStatusRequestPhaseProcessed {
			return answer.Status.ServerVersion, nil
		}
	}
	return "", explain(ctx, errors.New("the server ended the watch"))
}

// explain says why waiting ended, where that is the cause of an error.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
