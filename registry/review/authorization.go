package review

import (
	"cmp"
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// accessReviews answer `kubectl auth can-i VERB RESOURCE`.
var accessReviews = &kind[*authorizationv1.SelfSubjectAccessReview]{
	groupVersion: authorizationv1.SchemeGroupVersion,
	plural:       "selfsubjectaccessreviews",
	answer: func(ctx context.Context, may authorizer.Authorizer, asking user.Info, review *authorizationv1.SelfSubjectAccessReview) field.ErrorList {
		attributes, errs := attributesOf(asking, review.Spec)
		if len(errs) > 0 {
			return errs
		}
		decision, reason, err := may.Authorize(ctx, attributes)
		review.Status = authorizationv1.SubjectAccessReviewStatus{
			Allowed: decision == authorizer.DecisionAllow, Denied: decision == authorizer.DecisionDeny, Reason: reason, EvaluationError: text(err),
		}
		return nil
	},
}

// attributesOf are those of a request that does what is asked about. Selectors are left out: no authorizer of a server without a
// cluster looks at them.
func attributesOf(asking user.Info, spec authorizationv1.SelfSubjectAccessReviewSpec) (*authorizer.AttributesRecord, field.ErrorList) {
	resource, other := spec.ResourceAttributes, spec.NonResourceAttributes
	switch path := field.NewPath("spec"); {
	case resource != nil && other != nil:
		return nil, field.ErrorList{field.Forbidden(path.Child("nonResourceAttributes"), "a request is either for a resource or for a path: leave out resourceAttributes or this")}
	case resource == nil && other == nil:
		return nil, field.ErrorList{field.Required(path.Child("resourceAttributes"), "say which request is asked about, here or in nonResourceAttributes")}
	case other != nil:
		return &authorizer.AttributesRecord{User: asking, Verb: other.Verb, Path: other.Path}, nil
	}
	return &authorizer.AttributesRecord{
		User: asking, ResourceRequest: true, Verb: resource.Verb, Namespace: resource.Namespace, Name: resource.Name,
		APIGroup: resource.Group, APIVersion: cmp.Or(resource.Version, everything), Resource: resource.Resource, Subresource: resource.Subresource,
	}, nil
}

// everything stands for all verbs, groups, versions, resources and paths.
const everything = "*"

// rulesReviews answer `kubectl auth can-i --list`.
var rulesReviews = &kind[*authorizationv1.SelfSubjectRulesReview]{
	groupVersion: authorizationv1.SchemeGroupVersion,
	plural:       "selfsubjectrulesreviews",
	answer: func(ctx context.Context, may authorizer.Authorizer, asking user.Info, review *authorizationv1.SelfSubjectRulesReview) field.ErrorList {
		if review.Spec.Namespace == "" {
			return field.ErrorList{field.Required(field.NewPath("spec", "namespace"), "name the namespace that is asked about")}
		}
		decision, _, err := may.Authorize(ctx, &authorizer.AttributesRecord{
			User: asking, ResourceRequest: true, Verb: everything, Namespace: review.Spec.Namespace, APIGroup: everything, APIVersion: everything, Resource: everything,
		})
		review.Status = authorizationv1.SubjectRulesReviewStatus{ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{}}
		switch all := []string{everything}; {
		case decision == authorizer.DecisionAllow:
			review.Status.ResourceRules = []authorizationv1.ResourceRule{{Verbs: all, APIGroups: all, Resources: all}}
			review.Status.NonResourceRules = []authorizationv1.NonResourceRule{{Verbs: all, NonResourceURLs: all}}
		case err != nil:
			review.Status.Incomplete, review.Status.EvaluationError = true, text(err)
		default:
			review.Status.Incomplete, review.Status.EvaluationError = true, "this server can list only what those may do who may do everything: ask for one verb and resource"
		}
		return nil
	},
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
