"""One session of boto3 that lives across rotations: calls AWS several times and never looks for a profile again.

Prints a line per call: the caller's ARN and the access key id in use.

Usage: long_running.py PROFILE CALLS SECONDS_BETWEEN
"""

import json
import sys
import time

import boto3

profile, calls, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
session = boto3.Session(profile_name=profile)
client = session.client("sts")
for _ in range(calls):
    identity = client.get_caller_identity()
    key = session.get_credentials().get_frozen_credentials().access_key
    print(json.dumps({"Arn": identity["Arn"], "AccessKeyId": key}), flush=True)
    time.sleep(pause)
