package azure

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
)

func refuse(status int, code, format string, args ...any) error {
	return clouds.Refuse(status, code, format, args...)
}

func badRequest(code, format string, args ...any) error {
	return refuse(http.StatusBadRequest, code, format, args...)
}

func notFound(code, format string, args ...any) error {
	return refuse(http.StatusNotFound, code, format, args...)
}

func invalid(parameter, format string, args ...any) error {
	return badRequest("InvalidParameter", "The value of parameter "+parameter+" is invalid: "+format+".", args...)
}

func noResource(id ID) error {
	return notFound("ResourceNotFound", "The Resource 'Microsoft.Compute/%s/%s' under resource group '%s' was not found.", id.Kind, id.Name, id.ResourceGroup)
}

// elsewhere refuses to make something in another location than what it is made of.
func elsewhere(of, id, there, what, here string) error {
	return badRequest("InvalidParameter", "The %s '%s' is in location %s: a %s can't be made of it in location %s.", of, id, there, what, here)
}

// source finds what something is made of, which may be in any subscription of the account's tenant.
func source[T any](s *Store, account, kind, text string, find func(ID) (T, error)) (T, error) {
	id, ok := ParseID(text)
	if !ok || id.Kind != kind {
		var none T
		return none, invalid("source", "'%s' is not the resource id of one of Microsoft.Compute/%s", text, kind)
	}
	if _, _, err := s.group(account, id); err != nil {
		var none T
		return none, err
	}
	return find(id)
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$`)

func checkName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	return badRequest("InvalidResourceName", "The name '%s' is not 1 to 80 letters, digits, underscores, periods and hyphens, with a letter, a digit or an underscore at both ends.", name)
}

// maxTags is how many tags a resource may have.
const maxTags = 50

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return badRequest("TooManyTags", "The resource has %d tags, and may have %d.", len(tags), maxTags)
	}
	for name, value := range tags {
		switch {
		case name == "" || strings.ContainsAny(name, `<>%&\?/`):
			return badRequest("InvalidTagNameCharacters", `The tag name '%s' is empty or has one of the characters '<,>,%%,&,\,?,/', which are reserved.`, name)
		case len(name) > 512 || len(value) > 256:
			return badRequest("InvalidTag", "The tag '%s' has a name of more than 512 characters or a value of more than 256.", name)
		}
	}
	return nil
}
