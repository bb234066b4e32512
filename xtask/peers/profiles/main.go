// A program on the AWS SDK for Go: gets the credentials of each profile that it is told, all at once, as one process that
// works with many accounts does. Each profile is loaded as the SDK documents it, with a cache of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	profiles := os.Args[1:]
	errs := make([]error, len(profiles))
	var group sync.WaitGroup
	for index, profile := range profiles {
		group.Add(1)
		go func() {
			defer group.Done()
			errs[index] = retrieve(context.Background(), profile)
		}()
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func retrieve(ctx context.Context, profile string) error {
	settings, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return err
	}
	found, err := settings.Credentials.Retrieve(ctx)
	if err == nil && found.SessionToken == "" {
		err = fmt.Errorf("%s: no session", profile)
	}
	return err
}
