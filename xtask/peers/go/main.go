// A program on the AWS SDK for Go: prints the credentials of the profile that AWS_PROFILE names, in the form of a
// `credential_process` answer. What the profile says decides how it gets them. The stand-in for every such tool
// that is written in Go: it does what they all have to do, and nothing else.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

type answer struct {
	Version         int
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	found, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer{
		Version:         1,
		AccessKeyId:     found.AccessKeyID,
		SecretAccessKey: found.SecretAccessKey,
		SessionToken:    found.SessionToken,
		Expiration:      found.Expires.UTC().Format(time.RFC3339),
	})
}
