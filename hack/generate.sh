#!/usr/bin/env bash
# Regenerates all generated code from the types in apis/, with the generators that go.mod pins, the
# documentation of providers from locations/provider, the drawings in docs/architecture.md, the chart's templates from deploy/, and what
# the console is made with.
set -euo pipefail
cd "$(dirname "$0")/.."

module=github.com/velero-locations/velero-locations
header=hack/boilerplate.go.txt
versioned=(./apis/velero/v1 ./apis/velero/v2alpha1)

report=$(mktemp)
trap 'rm -f "$report"' EXIT

rm -rf generated
find apis -name 'zz_generated.*' -delete

go tool deepcopy-gen --go-header-file "$header" --output-file zz_generated.deepcopy.go "${versioned[@]}"
go tool defaulter-gen --go-header-file "$header" --output-file zz_generated.defaults.go ./apis/velero/v1

mkdir -p generated/openapi
go tool openapi-gen --go-header-file "$header" \
	--output-dir generated/openapi --output-pkg "$module/generated/openapi" \
	--output-file zz_generated.openapi.go \
	--output-model-name-file zz_generated.model_name.go \
	--readonly-pkg k8s.io/api/authentication/v1 \
	--readonly-pkg k8s.io/api/authorization/v1 \
	--readonly-pkg k8s.io/api/core/v1 \
	--readonly-pkg k8s.io/apimachinery/pkg/api/resource \
	--readonly-pkg k8s.io/apimachinery/pkg/apis/meta/v1 \
	--readonly-pkg k8s.io/apimachinery/pkg/runtime \
	--readonly-pkg k8s.io/apimachinery/pkg/util/intstr \
	--readonly-pkg k8s.io/apimachinery/pkg/version \
	--report-filename "$report" \
	"${versioned[@]}" \
	k8s.io/api/authentication/v1 \
	k8s.io/api/authorization/v1 \
	k8s.io/api/core/v1 \
	k8s.io/apimachinery/pkg/api/resource \
	k8s.io/apimachinery/pkg/apis/meta/v1 \
	k8s.io/apimachinery/pkg/runtime \
	k8s.io/apimachinery/pkg/util/intstr \
	k8s.io/apimachinery/pkg/version

go tool applyconfiguration-gen --go-header-file "$header" \
	--output-dir generated/applyconfiguration --output-pkg "$module/generated/applyconfiguration" \
	"$module/apis/velero/v1" "$module/apis/velero/v2alpha1"
go tool client-gen --go-header-file "$header" \
	--output-dir generated/clientset --output-pkg "$module/generated/clientset" \
	--clientset-name versioned --input-base "$module/apis" --input velero/v1,velero/v2alpha1 \
	--apply-configuration-package "$module/generated/applyconfiguration"
go tool lister-gen --go-header-file "$header" \
	--output-dir generated/listers --output-pkg "$module/generated/listers" \
	"$module/apis/velero/v1" "$module/apis/velero/v2alpha1"
go tool informer-gen --go-header-file "$header" \
	--output-dir generated/informers --output-pkg "$module/generated/informers" \
	--versioned-clientset-package "$module/generated/clientset/versioned" \
	--listers-package "$module/generated/listers" \
	"$module/apis/velero/v1" "$module/apis/velero/v2alpha1"

go run ./hack/providers >docs/providers.md
go run ./hack/architecture
go run ./hack/chart
if command -v npm >/dev/null; then
	hack/console.sh
else
	echo "there is no npm: the console's library stays as it is" >&2
fi

# The report lists breaches of Kubernetes' API conventions; those in its own types are not ours.
if grep "$module" "$report"; then
	echo "these types break the API conventions" >&2
	exit 1
fi
