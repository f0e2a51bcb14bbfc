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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// verification is what `backup verify` is to do.
type verification struct {
	all, everywhere            bool
	location, selector, output string
	timeout                    time.Duration
}

// verifyBackups has the controllers find out whether backups can be restored, and tells what they found out.
func verifyBackups(c *connection) *cobra.Command {
	o := verification{timeout: 10 * time.Minute}
	cmd := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Verify that backups can be restored, by reading them as a restore would",
		Args: func(_ *cobra.Command, args []string) error {
			chosen := countTrue(len(args) > 0, o.all, o.location != "", o.selector != "")
			switch {
			case chosen > 1 || chosen == 0 && !o.everywhere:
				return errors.New("say what to verify by exactly one of: names, --all, --location, --selector")
			case len(args) > 0 && o.everywhere:
				return errors.New("--all-namespaces: names are of one namespace (-n)")
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
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Verify those of them whose labels match this selector")
	cmd.Flags().BoolVarP(&o.everywhere, "all-namespaces", "A", false, "Verify those of all namespaces")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "How to print what was found out. One of: text, json, yaml")
	addTimeout(cmd, &o.timeout, "How long to wait for each backup")
	completeFlag(cmd, "output", "text", "json", "yaml")
	backupLocation.completeNamesFlag(c, cmd, "location")
	return cmd
}

func (o *verification) run(ctx context.Context, c *connection, names []string) error {
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	if o.everywhere {
		namespace = metav1.NamespaceAll
	}
	if o.location != "" && !o.everywhere {
		if _, err := clientset.VeleroV1().BackupStorageLocations(namespace).Get(ctx, o.location, metav1.GetOptions{}); err != nil {
			return err
		}
	}
	found, missing := backup.find(ctx, backup.client(clientset, namespace), names, o.selector)
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
		report, err := o.wait(ctx, c, clientset, b)
		if err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		if o.everywhere { // where a name may be that of several
			report.Backup = b.Namespace + "/" + b.Name
		}
		reports = append(reports, report)
		if o.output == "" || o.output == "text" {
			fmt.Fprint(c.Out, reportText(report))
		}
		if report.Verified != metav1.ConditionTrue {
			errs = append(errs, fmt.Errorf("backup %q %s", report.Backup, verdict(report)))
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
func (o *verification) wait(ctx context.Context, c *connection, clientset versioned.Interface, b *v1.Backup) (report *backups.Report, err error) {
	const every = 200 * time.Millisecond
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	err = backup.await(limited, c, backup.client(clientset, b.Namespace), b, every, "was verified", func() {}, func(found *v1.Backup) (bool, error) {
		if found.Annotations[backups.VerifyAnnotation] != "" {
			return false, nil
		}
		var err error
		if report, err = backups.ReportOf(found); report == nil && err == nil {
			err = fmt.Errorf("the request for a verification of backup %q was taken away", b.Name)
		}
		return true, err
	})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = errors.New("stopped waiting: the verification continues in the background")
	case limited.Err() != nil:
		err = fmt.Errorf("backup %q was not verified within %s: wait for longer (--timeout), or see whether controller \"verification\" runs", b.Name, o.timeout)
	}
	return report, err
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
