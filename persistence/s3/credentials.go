package s3

import (
	"errors"
	"fmt"
	"os"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// source is one of the places where credentials are looked for.
type source struct {
	name     string
	provider credentials.Provider
}

// chain is a credentials.Provider that asks one source after the other. Unlike the chain of the library it has no
// anonymous access as its last resort, and says what was wrong with each source.
type chain struct {
	sources []source
	current credentials.Provider // that of the credentials in use, nil at first
}

// newCredentials returns the sources in the order of AWS's own programs: the environment, the identity that the
// environment points to, the profile files, the metadata service of the machine.
func newCredentials(ec2Metadata bool) *chain {
	c := &chain{sources: []source{{"environment", &credentials.EnvAWS{}}}}
	// The library's IAM provider asks for what the environment names, and the metadata service if it names nothing.
	switch {
	case os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		c.sources = append(c.sources, source{"web identity", &credentials.IAM{}})
		ec2Metadata = false
	case os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		c.sources = append(c.sources, source{"container", &credentials.IAM{}})
		ec2Metadata = false
	}
	c.sources = append(c.sources, source{"profile", &credentials.FileAWSCredentials{}})
	if ec2Metadata {
		c.sources = append(c.sources, source{"EC2 metadata", &credentials.IAM{Endpoint: os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")}})
	}
	return c
}

// RetrieveWithCredContext returns the credentials of the first source that has some.
func (c *chain) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	var failed []error
	for _, s := range c.sources {
		v, err := s.provider.RetrieveWithCredContext(cc)
		if err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
			c.current = s.provider
			return v, nil
		}
		if err == nil {
			err = errors.New("none")
		}
		failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
	}
	return credentials.Value{}, &noCredentials{failed}
}

// Retrieve does the same.
func (c *chain) Retrieve() (credentials.Value, error) {
	return c.RetrieveWithCredContext(&credentials.CredContext{})
}

// IsExpired tells whether the credentials in use must be renewed.
func (c *chain) IsExpired() bool {
	return c.current == nil || c.current.IsExpired()
}

// noCredentials says why each source has none.
type noCredentials struct {
	failed []error
}

func (e *noCredentials) Error() string {
	text := "no credentials"
	for i, err := range e.failed {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		text += separator + err.Error()
	}
	return text
}

func (e *noCredentials) Unwrap() []error { return e.failed }
