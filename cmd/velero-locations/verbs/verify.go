package verbs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// verification is what `backup verify` is to do.
type verification struct {
	all              bool
	location, output string
	timeout          time.Duration
}

// verifyBackups has the controllers find out whether backups can be restored, and tells what they found out.
func verifyBackups(c *connection) *cobra.Command {
	var o verification
	cmd := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Verify that backups can be restored, by reading them as a restore would",
		Args: func(_ *cobra.Command, args []string) error {
			if countTrue(len(args) > 0, o.all, o.location != "") != 1 {
				return errors.New("say what to verify by exactly one of: names, --all, --location")
			}
			if !slices.Contains([]string{"", "text", "json", "yaml"}, o.output) {
				return fmt.Errorf("--output %q: want one of text, json, yaml", o.output)
			}
			return nil
		},
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), c, args) },
		ValidArgsFunction: backup.completeNames(c, -1),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "Verify all backups of the namespace that have ended, and did not fail")
	cmd.Flags().StringVar(&o.location, "location", "", "Verify those of them that are in this backup storage location")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "How to print what was found out. One of: text, json, yaml")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "How long to wait for each backup")
	completeFlag(cmd, "output", "text", "json", "yaml")
	backupLocation.completeNamesFlag(c, cmd, "location")
	return cmd
}

func (o *verification) run(ctx context.Context, c *connection, names []string) error {
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	found, missing := backup.find(ctx, backup.client(clientset, namespace), names, "")
	if len(names) == 0 {
		found = slices.DeleteFunc(found, func(b *v1.Backup) bool {
			return o.location != "" && b.Spec.StorageLocation != o.location || !backups.Restorable(b.Status.Phase)
		})
	}
	if len(found) == 0 && missing == nil {
		fmt.Fprintln(c.ErrOut, "No backups to verify found.")
	}
	errs := []error{missing}
	for _, b := range found {
		errs = append(errs, requestVerification(ctx, clientset, b))
	}
	if err := errors.Join(errs[1:]...); err != nil {
		return errors.Join(missing, err)
	}
	var reports []*backups.Report
	for _, b := range found {
		report, err := o.wait(ctx, clientset, b)
		if err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		reports = append(reports, report)
		if o.output == "" || o.output == "text" {
			fmt.Fprint(c.Out, reportText(report))
		}
		if report.Verified != metav1.ConditionTrue {
			errs = append(errs, fmt.Errorf("backup %q %s", b.Name, verdict(report)))
		}
	}
	return errors.Join(append(errs, o.print(c, reports))...)
}

// requestVerification asks for a verification, unless somebody has done so whose answer is to come.
func requestVerification(ctx context.Context, clientset versioned.Interface, b *v1.Backup) error {
	if b.Annotations[backups.VerifyAnnotation] != "" {
		return nil
	}
	request := time.Now().UTC().Format(time.RFC3339Nano)
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": b.UID, "annotations": map[string]string{backups.VerifyAnnotation: request}}})
	if err != nil {
		return fmt.Errorf("encoding the request: %w", err)
	}
	if _, err := clientset.VeleroV1().Backups(b.Namespace).Patch(ctx, b.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager}); err != nil {
		return fmt.Errorf("asking for the verification of backup %q: %w", b.Name, err)
	}
	return nil
}

// wait waits until the request for a backup is answered.
func (o *verification) wait(ctx context.Context, clientset versioned.Interface, b *v1.Backup) (*backups.Report, error) {
	const every = 200 * time.Millisecond
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for failures := 0; ; {
		found, err := clientset.VeleroV1().Backups(b.Namespace).Get(limited, b.Name, metav1.GetOptions{})
		switch {
		case limited.Err() != nil: // said below
		case apierrors.IsNotFound(err) || err == nil && found.UID != b.UID:
			return nil, fmt.Errorf("backup %q was deleted before it was verified", b.Name)
		case err != nil:
			if failures++; failures > looksInVain {
				return nil, fmt.Errorf("waiting for the verification of backup %q: %w", b.Name, err)
			}
		case found.Annotations[backups.VerifyAnnotation] == "":
			report, err := backups.ReportOf(found)
			if report == nil && err == nil {
				err = fmt.Errorf("the request for a verification of backup %q was taken away", b.Name)
			}
			return report, err
		}
		select {
		case <-ticker.C:
		case <-limited.Done():
			if ctx.Err() != nil {
				return nil, errors.New("stopped waiting: the verification continues in the background")
			}
			return nil, fmt.Errorf("backup %q was not verified within %s: wait for longer (--timeout), or see whether controller \"verification\" runs", b.Name, o.timeout)
		}
	}
}

func (o *verification) print(c *connection, reports []*backups.Report) error {
	if o.output != "json" && o.output != "yaml" || len(reports) == 0 {
		return nil
	}
	var value any = reports
	if len(reports) == 1 {
		value = reports[0]
	}
	encoded, err := json.MarshalIndent(value, "", "  ")
	encoded = append(encoded, '\n')
	if err == nil && o.output == "yaml" {
		encoded, err = yaml.JSONToYAML(encoded)
	}
	if err != nil {
		return fmt.Errorf("encoding what was found out: %w", err)
	}
	_, err = c.Out.Write(encoded)
	return err
}

// verdict is what a report says of its backup.
func verdict(report *backups.Report) string {
	switch report.Verified {
	case metav1.ConditionTrue:
		return "is verified"
	case metav1.ConditionFalse:
		return "is broken"
	}
	return "could not be verified"
}

// reportText tells what was found out, the worst first.
func reportText(report *backups.Report) string {
	order := []backups.Severity{backups.Broken, backups.Unknown, backups.Note}
	slices.SortStableFunc(report.Findings, func(a, b backups.Finding) int {
		return cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity))
	})
	return describe(func(d *describer) {
		d.printf("Backup %q %s. Can be restored: %s.\n", report.Backup, verdict(report), report.Restorable())
		for _, finding := range report.Findings {
			d.printf("  %s\t%s: %s\n", finding.Severity, finding.About, finding.Message)
		}
		if report.Omitted > 0 {
			d.printf("  \tand %d more\n", report.Omitted)
		}
	})
}
