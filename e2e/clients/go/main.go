// Calls STS twice a second with one client of the AWS SDK for Go, which finds its credentials by itself, as a service does.
//
// Prints a line per call: the access key id that signed it, and who AWS says the caller is. The first call that fails ends it.
//
// Usage: caller CALLS
package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/transport/http"
)

var signer = regexp.MustCompile("Credential=([^/]+)/")

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	calls, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	var signedBy string
	client := sts.NewFromConfig(settings, sts.WithAPIOptions(note(&signedBy)))
	for call := 1; call <= calls; call++ {
		who, err := client.GetCallerIdentity(ctx, nil)
		if err != nil {
			return fmt.Errorf("call %d: %w", call, err)
		}
		fmt.Println(signedBy, *who.Arn)
		time.Sleep(500 * time.Millisecond)
	}
	return nil
}

// Looks at each request after the step that signs it.
func note(signedBy *string) func(*middleware.Stack) error {
	look := func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		*signedBy = signer.FindStringSubmatch(in.Request.(*http.Request).Header.Get("Authorization"))[1]
		return next.HandleDeserialize(ctx, in)
	}
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("note", look), middleware.After)
	}
}
