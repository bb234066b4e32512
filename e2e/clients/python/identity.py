"""Prints who AWS says the caller is, and the access key id that boto3 resolved, for the profile named.

Usage: identity.py PROFILE
"""

import json
import sys

import boto3

session = boto3.Session(profile_name=sys.argv[1])
identity = session.client("sts").get_caller_identity()
key = session.get_credentials().get_frozen_credentials().access_key
print(json.dumps({"Arn": identity["Arn"], "AccessKeyId": key}))
