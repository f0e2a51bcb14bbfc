// Package metadata serves the keys that AWS hands to what runs on it: to a machine by version 2 of the instance metadata
// service (IMDSv2), and to containers by the endpoint that the SDKs are told of in their environment.
package metadata

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
)

// The services that roles must trust for their keys to be handed out.
const (
	InstanceService  = "ec2.amazonaws.com"
	ContainerService = "pods.eks.amazonaws.com"
)

// ContainerPath is where containers find their keys.
const ContainerPath = "/v1/credentials"

// Options of a server.
type Options struct {
	Accounts *accounts.Directory
	// InstanceRole and ContainerRole are ARNs; empty: there is none.
	InstanceRole, ContainerRole string
	// ContainerToken is what containers must send as Authorization. Empty: nothing.
	ContainerToken string
	// Duration of a session.
	Duration time.Duration
	// Region that the machine is in.
	Region string
	Now    func() time.Time
}

type server struct {
	Options

	mu       sync.Mutex
	tokens   map[string]time.Time // of IMDSv2, until when they are good
	sessions map[string]string    // ids of the keys that are handed out, by the session's name
}

// NewServer returns the handler of both endpoints.
func NewServer(options Options) http.Handler {
	s := &server{Options: options, tokens: map[string]time.Time{}, sessions: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", s.issueToken)
	const keys = "GET /latest/meta-data/iam/security-credentials/"
	mux.HandleFunc(keys+"{$}", s.withToken(s.nameRole))
	mux.HandleFunc(keys+"{role}", s.withToken(s.instanceKey))
	mux.HandleFunc("GET /latest/meta-data/placement/region", s.withToken(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s.Region)) }))
	mux.HandleFunc("GET /latest/dynamic/instance-identity/document", s.withToken(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"region": s.Region})
	}))
	mux.HandleFunc("GET "+ContainerPath, s.containerKey)
	return mux
}

// longestToken is how long a token may be good, in seconds, as AWS documents it.
const longestToken = 21600

// issueToken hands out a token, which every other request to IMDSv2 must show.
func (s *server) issueToken(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
	if err != nil || seconds < 1 || seconds > longestToken {
		http.Error(w, "400 - Bad Request", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, token := s.Now(), rand.Text()+rand.Text()
	for old, until := range s.tokens {
		if now.After(until) {
			delete(s.tokens, old)
		}
	}
	s.tokens[token] = now.Add(time.Duration(seconds) * time.Second)
	w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", strconv.Itoa(seconds))
	_, _ = w.Write([]byte(token))
}

func (s *server) withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		until, found := s.tokens[r.Header.Get("X-Aws-Ec2-Metadata-Token")]
		s.mu.Unlock()
		if !found || s.Now().After(until) {
			http.Error(w, "401 - Unauthorized", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// nameRole lists the only role that a machine can have.
func (s *server) nameRole(w http.ResponseWriter, r *http.Request) {
	role, found := s.Accounts.Role(s.InstanceRole)
	if !found {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write([]byte(role.Name))
}

func (s *server) instanceKey(w http.ResponseWriter, r *http.Request) {
	role, found := s.Accounts.Role(s.InstanceRole)
	if !found || role.Name != r.PathValue("role") {
		http.NotFound(w, r)
		return
	}
	key := s.session(role, "i-0123456789abcdef0")
	answer(w, http.StatusOK, map[string]string{
		"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": s.Now().UTC().Format(time.RFC3339),
		"AccessKeyId": key.ID, "SecretAccessKey": key.Secret, "Token": key.SessionToken, "Expiration": key.Expires.UTC().Format(time.RFC3339),
	})
}

func (s *server) containerKey(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(s.ContainerToken)) != 1 {
		refuse(w, http.StatusUnauthorized, "AccessDeniedException", "Unauthorized Exception! EKS does not have permissions to assume the associated role.")
		return
	}
	role, found := s.Accounts.Role(s.ContainerRole)
	if !found {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "There is no association for the container.")
		return
	}
	key := s.session(role, "eks-velero")
	answer(w, http.StatusOK, map[string]string{
		"AccessKeyId": key.ID, "SecretAccessKey": key.Secret, "Token": key.SessionToken, "Expiration": key.Expires.UTC().Format(time.RFC3339),
		"RoleArn": role.ARN(), "AccountId": role.Account.ID,
	})
}

// session returns the key of a session, the same one until half of its time is over: as at AWS, who asks changes nothing by that, not
// even a page in a browser, which cannot read the answer.
func (s *server) session(role accounts.Role, name string) accounts.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if key, found := s.Accounts.Key(s.sessions[name]); found && !key.Expired(now.Add(s.Duration/2)) {
		return key
	}
	key := role.Begin(name, nil, now.Add(s.Duration).Truncate(time.Second))
	s.Accounts.AddSession(key, now)
	s.sessions[name] = key.ID
	return key
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]string{"code": code, "message": message})
}

func answer(w http.ResponseWriter, status int, document map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // the client may be gone
}
