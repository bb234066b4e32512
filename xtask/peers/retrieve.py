"""Prints the credentials of the profile that AWS_PROFILE names, by boto3, in the form of a `credential_process` answer."""

import json

import boto3

credentials = boto3.Session().get_credentials()
frozen = credentials.get_frozen_credentials()
answer = {
    "Version": 1,
    "AccessKeyId": frozen.access_key,
    "SecretAccessKey": frozen.secret_key,
    "SessionToken": frozen.token,
}
print(json.dumps(answer))
