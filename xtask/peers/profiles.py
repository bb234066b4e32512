"""Gets the credentials of each profile that it is told, by boto3, with a session for each, as its documentation has it."""

import sys

import boto3

for profile in sys.argv[1:]:
    if not boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials().token:
        sys.exit(f"{profile}: no session")
