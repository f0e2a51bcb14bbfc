package review

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// subjectReviews answer `kubectl auth whoami`.
var subjectReviews = &kind[*authenticationv1.SelfSubjectReview]{
	groupVersion: authenticationv1.SchemeGroupVersion,
	plural:       "selfsubjectreviews",
	answer: func(_ context.Context, _ authorizer.Authorizer, asking user.Info, review *authenticationv1.SelfSubjectReview) field.ErrorList {
		extra := map[string]authenticationv1.ExtraValue{}
		for key, values := range asking.GetExtra() {
			extra[key] = values
		}
		review.CreationTimestamp = metav1.Now()
		review.Status.UserInfo = authenticationv1.UserInfo{Username: asking.GetName(), UID: asking.GetUID(), Groups: asking.GetGroups(), Extra: extra}
		return nil
	},
}
